"""Specifications of Pachyderm pipelines, which no API server checks: what pachd refuses, or never runs.

The rules come from the code of Pachyderm 2.12 (src/server/pps/server).
"""
