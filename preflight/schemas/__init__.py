"""Every object against its schema, and against what the API server checks beyond schemas."""
