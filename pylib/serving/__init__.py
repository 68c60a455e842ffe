"""The predictor that Seldon calls, the export it loads, the local server and the client."""
