"""Specifications of Pachyderm pipelines, which no API server checks: what pachd refuses, or never runs.

The rules come from the code of Pachyderm 2.12 (src/server/pps/server); importing this package registers them
all.
"""

from preflight.pachyderm import image, inputs, refusals, schema, table, worker

__all__ = ["image", "inputs", "refusals", "schema", "table", "worker"]
