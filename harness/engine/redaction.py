"""Addresses without the passwords in them: for whatever is shown or kept."""

from __future__ import annotations

import re

CREDENTIALS = re.compile(r"(?<=://)[^/\s'\"]+@")


def redacted(text: str) -> str:
    """The text with `***@` for user and password in every address."""
    return CREDENTIALS.sub("***@", text)
