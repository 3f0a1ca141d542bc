"""What all records are, and the text in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo


class Record(BaseModel):
    """A value that never changes once made, and rejects keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def renamed(value: Any, info: ValidationInfo, names: Mapping[str, str]) -> Any:
    """A record's value under its present keys, given those that earlier journals, which are JSON, have instead."""
    if info.mode == "json" and isinstance(value, dict):
        return {names.get(key, key): each for key, each in value.items()}
    return value


def printable(text: str) -> str:
    """With blanks for what would move a terminal's cursor, change its state or reverse the text."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)


Words = Annotated[str, AfterValidator(printable)]
"""Text that contributed code or files can have written, fit for any report."""
