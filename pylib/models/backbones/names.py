"""A backbone's name as a field of a record: one of the table, or the record is refused."""

from typing import Annotated

from pydantic import AfterValidator, Field

from pylib.errors import ModelError
from pylib.models.backbones.table import BACKBONES, find_backbone


def _known(name: str) -> str:
    try:
        return find_backbone(name).name
    except ModelError as error:
        raise ValueError(str(error)) from error


BackboneName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(BACKBONES)})]
"""One of the table of backbones."""
