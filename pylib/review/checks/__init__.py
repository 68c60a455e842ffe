"""What is looked at before accepted items may train: each check names the items that it is about."""
