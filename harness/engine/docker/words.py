"""What builders print, each in words of its own: Docker's before and after version 23, and Podman's."""

from __future__ import annotations

import re
from collections.abc import Sequence

STEP = re.compile(r"(\[\d+/\d+\] )?step \d+/\d+ ?:", re.IGNORECASE)
KEPT = re.compile(r"-{2,3}> Using cache( [0-9a-f]+)?")
BOOKKEEPING = re.compile(r"-{2,3}> |Removing intermediate container ")
LOST = re.compile(
    r'unable to find image "sha256:[0-9a-f]+"|failed to find image \S+: \S+: No such image'
    r"|locating [a-z -]*image .+: image not known",
    re.DOTALL,
)
EXIT_CODE = re.compile(r"(?:returned a non-zero code: |exit status )(\d+)$")


def is_kept(line: str) -> bool:
    """Whether a line says that a step was not run, but kept from before."""
    return KEPT.fullmatch(line.strip()) is not None


def is_lost_race(error: str) -> bool:
    """Whether a build failed for what happened beside it.

    Docker's cache looked at an image that another build's end had just removed; Podman did not find what it had made.
    """
    return LOST.search(error) is not None


def reason_of(log: Sequence[str]) -> str:
    """Why a build failed, in one line: what its last step printed last, and how that step ended.

    The last entry of the log is the builder's own error, which says it all where the step printed nothing.
    """
    *printed, ending = [line.strip() for text in log for line in text.splitlines() if line.strip()]
    code = EXIT_CODE.search(ending)
    last_step = max((place for place, line in enumerate(printed) if STEP.match(line)), default=-1)
    said = [line for line in printed[last_step + 1 :] if not BOOKKEEPING.match(line)]
    return f"{said[-1]} (exit code {code[1]})" if code and said else ending
