"""The texts of a new component."""

from typing import Any

import jinja2


def filled(template: str, **values: Any) -> str:
    """One of them, with what is new in it."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("preflight.scaffold", "templates"),
        autoescape=False,  # noqa: S701 - YAML of names that were checked  # nosec
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(f"{template}.j2").render(**values)
