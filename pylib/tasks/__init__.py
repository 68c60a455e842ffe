"""What is one task's own, a folder a task, the same file names in each; `task` finds one by name."""
