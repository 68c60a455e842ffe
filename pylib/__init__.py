"""From images to a served, traceable model: the library that every pipeline, sweep and server calls."""
