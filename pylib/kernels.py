"""What heads and calibrations are fitted with: one thread, kernels below the cap, the same bits anywhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pylib import INSTRUCTIONS, processor
from pylib.errors import ConfigurationError

_OPENBLAS = "Haswell"


@contextmanager
def held(*, scikit_learn: bool = True) -> Iterator[None]:
    """One thread for OpenBLAS and OpenMP: sums are split over them; heads are fitted side by side.

    scikit_learn: whether it is used inside; what counts with NumPy alone need not wait for its import
    Raises ConfigurationError where a library was loaded before pylib, with the kernels of the processor.
    """
    if scikit_learn:
        # These bring an OpenBLAS and an OpenMP; what is loaded later is not held.
        import scipy.linalg  # noqa: F401
        import sklearn.utils._openmp_helpers  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1) as pools:
        if processor.instructions() == INSTRUCTIONS:
            check(pools._controller.info())  # noqa: SLF001 - what is loaded now
        yield


def check(pools: list[dict[str, Any]]) -> None:
    """Raise ConfigurationError unless each OpenBLAS that is loaded is held to the cap."""
    for pool in pools:
        if pool["internal_api"] == "openblas" and pool.get("architecture") != _OPENBLAS:
            raise ConfigurationError(
                f"OpenBLAS computes with kernels for {pool.get('architecture')}, so a head would not be that "
                "of other machines: import pylib before numpy, which reads the cap once"
            )
