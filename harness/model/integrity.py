"""Whether a journal is still as written: its chain of hashes, and the result of recomputing it."""

from __future__ import annotations

from harness.model.record import Record


class Chain(Record):
    """The hashes by which each entry of a journal follows from the one before it.

    `head` is the last of them, which stands for the whole journal; None where there is no chain, as in journals of
    schema 2. `breaks` are the lines that do not follow from what stands before them now.
    """

    entries: int
    head: str | None
    breaks: tuple[int, ...] = ()


class Verification(Record):
    """What was recomputed of a journal, and each entry that does not hold, with what differs."""

    keys: int  # identity keys that were recomputed
    products: int  # containers whose checksums and SHA-256 were recomputed from the seed
    problems: tuple[str, ...] = ()
