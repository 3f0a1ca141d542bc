"""What an image is made of, down to the symbols of its binaries."""

from __future__ import annotations

from typing import Literal

from harness.model.record import Record, Words

Kind = Literal["file", "section", "symbol", "member"]
"""A file of an image; of a binary its sections, and the symbols in those; of an archive, or a runtime's file of
modules, its members."""


class Part(Record):
    """One thing that takes bytes in an image. The sections of a file add up to it, and so do its members."""

    file: Words  # its path in the image
    kind: Kind
    name: Words
    size_bytes: int


class Growth(Record):
    """A part of one image, of another, or of both, and what it takes in each: 0 where it is not there."""

    file: Words
    kind: Kind
    name: Words
    before_bytes: int
    after_bytes: int

    @property
    def grown_bytes(self) -> int:
        """How much more it takes in the second image."""
        return self.after_bytes - self.before_bytes
