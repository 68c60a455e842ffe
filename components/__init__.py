"""The steps as KFP components, one file each: a typed signature and one call into pylib."""

import functools
from pathlib import Path

import yaml
from kfp import dsl

IMAGES: dict[str, str] = yaml.safe_load(
    (Path(__file__).parents[1] / "images.lock").read_text(encoding="utf-8")
)

component = functools.partial(dsl.component, base_image=IMAGES["train"], install_kfp_package=False)
"""The one way to make a component: our image holds KFP and pylib, so nothing is installed at run time."""
