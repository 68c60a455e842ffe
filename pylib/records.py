"""The base of all records that are written as JSON, and the first thing that is wrong with one, in a line."""

import json

from pydantic import BaseModel, ConfigDict, ValidationError


class Record(BaseModel):
    """A record that is written once: unknown fields are errors, no field is assigned, numbers are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def dumps(self) -> bytes:
        """Canonical JSON: the same record gives the same bytes."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, indent=1, ensure_ascii=False)
        return text.encode() + b"\n"


def first_error(error: ValidationError, whole: str = "content") -> str:
    """`place: what is wrong`, of the first of pydantic's errors; `whole` names a place that has no name."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or whole
    message = " ".join(first["msg"].removeprefix("Value error, ").split())
    return f"{place}: {message}" if place else message
