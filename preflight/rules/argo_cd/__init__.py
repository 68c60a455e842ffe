"""What Argo CD refuses, ignores, or does for ever."""
