"""What all records are."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A value that never changes once made, and rejects keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
