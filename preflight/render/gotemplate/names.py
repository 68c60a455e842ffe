"""The names of all that a template of an ApplicationSet may call, evaluated here or not.

Source: Masterminds/sprig v3.3.0, functions.go, without what Argo CD 3.5 takes away; text/template; Argo CD.
"""

from pathlib import Path

SPRIG = frozenset(Path(__file__).with_name("names.txt").read_text(encoding="utf-8").split())
