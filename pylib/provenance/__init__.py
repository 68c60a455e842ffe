"""The record of what went into a result: in-toto statements, the step cache they key, explain."""
