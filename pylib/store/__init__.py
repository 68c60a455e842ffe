"""The versioned store of data (repositories, branches, commits, files) and the artifact store of models."""
