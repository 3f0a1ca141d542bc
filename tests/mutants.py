"""How many mutants the tests found, module by module, and what those they did not find are (`make mutants`).

`python -m tests.mutants` reads what mutmut left in mutants/, and exits with 1 where fewer than 90 of 100 were found.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ENOUGH = 0.9
FOUND = frozenset({"killed", "timeout", "caught by type check"})
NOT_RUN = frozenset({"not checked", "skipped"})
RESULT = re.compile(r"\s*(?P<name>harness\.\S+): (?P<status>.+)")
MUTMUT = Path(sys.executable).parent / "mutmut"


def told(*arguments: str) -> list[str]:
    """The lines that mutmut prints."""
    done = subprocess.run([MUTMUT, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def results() -> Iterator[tuple[str, str]]:
    """Every mutant that was tried, and what became of it."""
    for line in told("results", "--all", "true"):
        if (match := RESULT.fullmatch(line)) and match["status"] not in NOT_RUN:
            yield match["name"], match["status"]


def change(mutant: str) -> list[str]:
    """The lines that a mutant takes out and puts in."""
    return [line for line in told("show", mutant) if re.match(r"[-+](?![-+])", line)]


def main() -> int:
    """Print the share of each module and every mutant that was not found."""
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    left = []
    for name, status in results():
        found[name.partition(".x")[0]][status in FOUND] += 1
        left += [] if status in FOUND else [(name, status)]
    for name, status in left:
        print(f"{name}: {status}", *change(name), sep="\n  ")
    for module, counts in sorted(found.items()):
        print(f"{module}: {counts[True]} of {counts.total()} found")
    whole = Counter[bool]()
    for counts in found.values():
        whole.update(counts)
    print(f"in all {whole[True]} of {whole.total()} found")
    return int(whole[True] < ENOUGH * whole.total() or not whole)


if __name__ == "__main__":
    sys.exit(main())
