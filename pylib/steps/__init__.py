"""The steps of the pipelines: each composes the library, is recorded, and is called by one component."""
