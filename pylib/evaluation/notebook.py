"""The report as a notebook: run with papermill, turned into a page by nbconvert, without its code."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pylib.errors import ModelError, one_line

FILE = "report.ipynb"
_KERNEL = "python3"
_INJECTED = "injected-parameters"
_TIMEOUT = 300  # seconds a cell
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  body {{ overflow-wrap: break-word; }} img, svg {{ max-width: 100%; height: auto; }}
  pre, .output_html, .jp-OutputArea-output {{ overflow-x: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def run(notebook: Path, evaluation: Path, title: str) -> tuple[bytes, str]:
    """Run a notebook on the folder of an evaluation; return it with its outputs, and its page of no code.

    The notebook has a cell tagged `parameters`, which sets `folder`. It runs in a process of its own, with
    this environment's packages. The page refers to nothing outside itself, and the same evaluation gives the
    same notebook and page.
    Raises ModelError where a cell fails.
    """
    import nbformat
    import papermill
    from nbconvert import HTMLExporter
    from papermill.exceptions import PapermillExecutionError

    with tempfile.TemporaryDirectory() as folder, _own_places(Path(folder)):
        try:
            found = papermill.execute_notebook(
                notebook,
                Path(folder) / FILE,
                parameters={"folder": str(evaluation.resolve())},
                kernel_name=_KERNEL,
                cwd=folder,
                progress_bar=False,
                execution_timeout=_TIMEOUT,
            )
        except PapermillExecutionError as error:
            raise ModelError(f"{notebook}: {error.ename}: {one_line(error.evalue)}") from error
        exporter = HTMLExporter(template_name="basic", exclude_input=True, exclude_output_prompt=True)  # type: ignore[no-untyped-call]
        body, _ = exporter.from_notebook_node(_lasting(found))
        text: str = nbformat.writes(found)  # type: ignore[no-untyped-call]
        return text.encode(), _PAGE.format(title=title, body=body)


def _lasting(notebook: Any) -> Any:
    """Take out what is of this run alone: times, the folder that it was given, a cell's random name."""
    notebook.cells = [cell for cell in notebook.cells if _INJECTED not in cell.metadata.get("tags", [])]
    notebook.metadata.pop("papermill", None)
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
        cell.metadata = {"tags": cell.metadata.get("tags", [])}
    return notebook


@contextmanager
def _own_places(folder: Path) -> Iterator[None]:
    """Give the kernel folders that it may write into, and this Python: a pod's home is read-only."""
    own = {
        name: str(folder / name.lower()) for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR")
    }
    own |= {
        "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    former = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    try:
        yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
