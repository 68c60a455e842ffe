"""The page of an evaluation. A package of its own, so that only who imports it depends on the templates."""
