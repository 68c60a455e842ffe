"""Five thousand requests of benchmarks/hostile.py, the same each time, and what the attack itself must be."""

import random

import pytest

from benchmarks import hostile
from benchmarks.mutations import calls, images, wire

REQUESTS, SEED = 5_000, 1


def test_a_request_is_made_of_its_seed_and_number_alone():
    def made(number: int) -> tuple[wire.Exchange, calls.Call]:
        return wire.exchange(random.Random(f"1:{number}")), calls.call(random.Random(f"2:{number}"))

    assert [made(number) for number in range(50)] == [made(number) for number in range(50)]
    assert len({str(made(number)) for number in range(50)}) > 45


def test_every_kind_of_file_is_made():
    draw = random.Random(1)
    assert {images.image(draw)[0] for _ in range(3000)} == set(images.KINDS)


@pytest.mark.slow
def test_nothing_that_is_sent_does_harm(server):
    report = hostile.run(server, REQUESTS, SEED)
    assert not report.faults
    assert sum(report.counts.values()) == REQUESTS + hostile.SLOW + 10
    statuses = {status for _, status in report.counts}
    assert statuses >= {"200", "400", "404", "408", "413", "OK", "INVALID_ARGUMENT", "NOT_FOUND", "closed"}
