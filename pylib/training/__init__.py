"""The training run towards a task's objective: steps, schedules, checkpoints, determinism."""
