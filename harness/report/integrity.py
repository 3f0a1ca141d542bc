"""The state of a journal: whether it is as written, and whether its results were recomputed."""

from __future__ import annotations

from collections.abc import Iterable

from harness.model.comparison import Comparison
from harness.model.integrity import Chain, Verification

NOT_VERIFIED = "Not verified: `harness report --verify` recomputes every key, checksum and SHA-256."


def integrity(comparison: Comparison) -> Iterable[str]:
    """The state of the chain and of the results, as points."""
    if comparison.chain:
        yield f"Journal: {chained(comparison.chain)}. {verified(comparison.verification)}"


def chained(chain: Chain) -> str:
    """Whether the entries follow from one another as they were written."""
    entries = f"{chain.entries} entries"
    if chain.breaks:
        lines = ", ".join(map(str, chain.breaks[:5])) + (", …" if len(chain.breaks) > 5 else "")
        return f"CHANGED after it was written, {entries}: the chain of hashes breaks at line {lines}; see `--verify`"
    if chain.head is None:
        return f"{entries} without a chain of hashes (written by an earlier version): edits cannot be detected"
    return f"{entries}, chain of hashes intact, last link {chain.head[:16]}"


def verified(verification: Verification | None) -> str:
    """Whether the results were recomputed, and match."""
    if verification is None:
        return NOT_VERIFIED
    recomputed = f"{verification.keys} keys and the results of {verification.products} containers, from the seed"
    if verification.problems:
        return f"Verification FAILED: of {recomputed}, {len(verification.problems)} results do not match."
    return f"Verified: {recomputed}, were recomputed, and all match."
