"""The state of a search that is damaged, or another program's."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pylib.errors import SweepError
from tests.sweeps.trials import Place


def changed(statement: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        connection = sqlite3.connect(file)
        with connection:
            connection.execute(statement)
        connection.close()

    return change


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no database": (lambda file: file.write_bytes(b"none" * 1000), "not a database"),
    "cut": (lambda file: os.truncate(file, 5000), "malformed"),
    "older": (changed("ALTER TABLE trial DROP COLUMN tries"), "no such column: tries"),
    "status": (changed("UPDATE trial SET status = 'Odd'"), "'Odd' is not a valid Status"),
    "reports": (changed("UPDATE trial SET reported = '['"), "it is damaged"),
    "a folder": (folder, "unable to open"),
}


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "file").write_text("")
    place.state = tmp_path / "file" / "state"
    with pytest.raises(SweepError, match=r"Not a directory; give .*/file/state space"):
        place.search()


@pytest.mark.parametrize(("damage", "said"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_state_is_named(damage: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    place = Place(tmp_path, "epochs=1", maxTrialCount=1)
    place.search()
    damage(place.state / "state.sqlite")
    with pytest.raises(SweepError, match=said) as caught:
        place.search()
    assert str(place.state / "state.sqlite") in str(caught.value)
    assert "search again" in str(caught.value)
    assert "\n" not in str(caught.value)
