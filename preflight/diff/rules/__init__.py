"""The dangerous changes, a module for each kind of cost."""
