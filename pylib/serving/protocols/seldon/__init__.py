"""Seldon's protocol over REST and gRPC, by Seldon's own server."""
