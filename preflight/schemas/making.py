"""All tables made anew: of the renders' CRDs, of Katib's models and of Pachyderm's schema."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from preflight.render.cluster import Render
from preflight.schemas import models, pachyderm, tables
from preflight.schemas.tables import Version


def make(renders: Iterable[Render]) -> dict[str, str]:
    """Every table, path and text: of the renders' CRDs, of Katib's models and of Pachyderm's schema."""
    renders = list(renders)
    comment = f"from {models.source()}"
    made = {
        tables.table_path("kubeflow.org", kind, "v1beta1"): tables.lines(
            {"$schema": tables.DRAFT, "title": kind, "$comment": comment, **schema}
        )
        for kind, schema in models.schemas().items()
    }
    made |= pachyderm.make(renders)
    seen: dict[str, str] = {}
    for version in sorted(_all(renders), key=lambda version: (version.path, version.source)):
        if version.path not in made:
            made[version.path] = tables.text(version, seen)
    return made


def write(renders: Iterable[Render], folder: Path) -> list[Path]:
    """Write every table anew and remove what is no longer made; the files that stand there now."""
    made = make(renders)
    for old in folder.glob("*/*.json"):
        if old.relative_to(folder).as_posix() not in made:
            old.unlink()
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return [folder / path for path in sorted(made)]


def _all(renders: Iterable[Render]) -> Iterator[Version]:
    for render in renders:
        yield from tables.versions(render)
