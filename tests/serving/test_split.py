"""The table of a split: who is chosen, and how often."""

import random
from pathlib import Path

from pylib.serving import split
from pylib.serving.split import Backend, Split


def test_a_hundred_thousand_choices_are_as_many_as_the_traffic_says(tmp_path: Path) -> None:
    split.write(tmp_path / split.FILE, [Backend("a", 90, 1, 2, ""), Backend("b", 10, 3, 4, "")])
    table = Split(tmp_path / split.FILE, random.Random(3))
    found = [table.choose("/") for _ in range(100_000)]
    assert {shadow for _, shadow in found} == {None}
    assert abs(sum(chosen.name == "b" for chosen, _ in found) - 10_000) < 6 * 95
