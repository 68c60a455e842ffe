"""Where first weights came from, as every record that names them says it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class WeightsOrigin(BaseModel):
    """Where a network's first weights came from; sha256 (hex) is that of the file, None for random ones."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Literal["none", "imagenet", "file"] = "none"
    sha256: str | None = None
