"""The report's template: a package, so that it is found wherever pylib is installed."""
