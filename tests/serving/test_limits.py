"""What one server takes at once, and the share of each of its processes."""

from hypothesis import given
from hypothesis import strategies as st

from pylib.serving.limits import Limits

LIMITS = st.builds(
    Limits,
    calls=st.integers(1, 999),
    connections=st.integers(1, 9999),
    held_bytes=st.integers(0, 2**30),
    body_bytes=st.integers(1, 2**30),
)


@given(LIMITS, st.integers(1, 64))
def test_the_shares_of_the_processes_are_no_more_than_the_whole(limits: Limits, processes: int) -> None:
    share = limits.share(processes)
    assert share.calls * processes <= limits.calls or share.calls == 1
    assert share.connections * processes <= limits.connections or share.connections == 1
    assert share.held_bytes * processes <= limits.held_bytes or share.held_bytes <= limits.body_bytes
    assert share.held_bytes >= min(limits.held_bytes, limits.body_bytes), "the largest request has room"
    assert share._replace(calls=0, connections=0, held_bytes=0) == limits._replace(
        calls=0, connections=0, held_bytes=0
    ), "nothing else is shared out"
