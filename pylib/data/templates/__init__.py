"""The page of an ingest. A package of its own, so that only who imports it depends on the templates."""
