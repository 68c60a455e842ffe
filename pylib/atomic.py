"""Files that appear whole or not at all."""

import tempfile
from pathlib import Path


def write_file(path: Path, content: bytes | str) -> None:
    """Write a file, with its folder where that is missing; readers see the old content or the new one.

    Raises OSError; then the old content is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        draft.write_bytes(data)
        draft.replace(path)
