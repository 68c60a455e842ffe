"""The model registry: every judged model as a version in MLflow, with aliases that follow Git."""
