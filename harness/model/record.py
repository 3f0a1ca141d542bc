"""What all records are, and the text in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Record(BaseModel):
    """A value that never changes once made, and rejects keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def printable(text: str) -> str:
    """Without what would move a terminal's cursor, change its state or reverse the reading: blanks instead."""
    return "".join(character if character.isprintable() else " " for character in text)


Words = Annotated[str, AfterValidator(printable)]
"""Text that contributed code or files can have written, fit for any report."""
