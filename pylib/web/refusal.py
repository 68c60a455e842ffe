"""A request that the page does not answer: a status and a sentence that says why and what to do."""

from http import HTTPStatus

from pylib.errors import NotFoundError, PylibError, ServingError, StoreError, one_line


class Refusal(Exception):  # noqa: N818 (it is an answer)
    """Answered with this status and message."""

    def __init__(self, status: int, message: str, retry: float = 0) -> None:
        super().__init__(message)
        self.status, self.message, self.retry = status, message, retry


def of(error: PylibError | OSError) -> Refusal:
    """An error that a person can do something about, as an answer."""
    if isinstance(error, OSError):
        place = f" {error.filename}" if error.filename else ""
        return Refusal(503, f"the page cannot use its own place{place}: {error.strerror or error}")
    if isinstance(error, NotFoundError):
        status = HTTPStatus.NOT_FOUND
    elif isinstance(error, StoreError | ServingError):
        status = HTTPStatus.SERVICE_UNAVAILABLE
    else:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return Refusal(status, one_line(error, 1000))
