"""The good data set of the data side's tests."""

from tests.data.conftest import good

__all__ = ["good"]
