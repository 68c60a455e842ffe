"""What the image's stages copy is in the checkout, and is not kept from them by .dockerignore."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def copied() -> list[str]:
    """The paths that stages copy from the checkout, and not from each other."""
    words = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines()]
    copies = [line[1:-1] for line in words if line[:1] == ["COPY"] and not line[1].startswith("--from")]
    return sorted({path for paths in copies for path in paths})


@pytest.mark.parametrize("path", copied())
def test_what_is_copied_is_there_and_let_through(path: str) -> None:
    let_through = [
        Path(line[1:]) for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    ]
    assert (ROOT / path).exists()
    assert any(Path(path).is_relative_to(each) for each in let_through)
