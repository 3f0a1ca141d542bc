"""From command-line arguments to options: names looked up, ranges checked, defaults filled in. Pure."""

from __future__ import annotations

import secrets
from typing import Any

from harness.errors import UsageError
from harness.experiments.matmul.ladder import cases_of, quick_cases, rungs_of
from harness.experiments.matmul.published import published
from harness.images.catalog import Catalog, known
from harness.measure.options import ALL, check_range, chosen
from harness.model.cases import Options
from harness.model.manifests import VARIANT_MARK

PUBLISHED = "published"

QUICK_ROWS = 4  # of the published table: Python, Java, C, parallel loops
QUICK: dict[str, Any] = {
    "langs": None,  # those of the first published rows
    "rungs": None,
    "n": 1536,  # a row of naive Python takes half a second; with the published 4096, four
    "rounds": 3,
    "precision": 0.0,  # no target: the budget ends a case
    "budget": 0.4,
}
"""What `--quick` sets unless the user does: a result in about a minute once the images are built."""


def parse_options(
    catalog: Catalog,
    *,
    langs: str | None,
    rungs: str | None,
    n: int,
    threads: str,
    cpus: int,
    cores: int,
    rounds: int,
    precision: float,
    budget: float,
    baseline: str,
    reference: str | None,
    seed: int | None,
    tune: bool = False,
    overhead: bool = False,
    rebuild: bool = False,
    variants: bool = False,
    quick: bool = False,
) -> Options:
    """The options after defaults. Raises UsageError for an invalid name or number.

    Without `langs` and `rungs` they are those of a quick run.
    """
    every = catalog.implementations
    all_rungs = rungs_of(source.manifest for source in every.values())
    language, _, rung = baseline.partition("/")
    known(language, every, "implementation in --baseline")
    known(rung, all_rungs, "rung in --baseline (format: implementation/rung)")
    if langs is None:
        langs = ",".join(case.partition("/")[0] for case in first_published())
    names = chosen(langs, every, "implementation")
    only = quick_cases([every[name].manifest for name in names], first_published()) if rungs is None else []
    options = Options(
        langs=tuple(names),
        rungs=tuple(_rungs(rungs or ",".join(case.partition("/")[2] for case in only), all_rungs)),
        n=n,
        threads=_threads(threads, cpus, cores),
        rounds=rounds,
        precision=precision / 100,
        budget_s=budget,
        baseline=baseline,
        reference=known(reference or str(published()["reference"]), every, "implementation in --reference"),
        seed=seed if seed is not None else secrets.randbits(32),
        tune=tune,
        overhead=overhead,
        rebuild=rebuild,
        variants=variants,
        controls=not quick,
        quick=quick,
        only=tuple(only),
    )
    cases = cases_of([every[name].manifest for name in options.langs], options)
    if not cases:
        raise UsageError(f"no case to run: {langs} implements none of the rungs {rungs}")
    if variants and not any(VARIANT_MARK in case.rung for case in cases):
        raise UsageError(f"--variants: no rung that was chosen has a variant at n = {n}; c/naive has, at n = 4096")
    return options


def first_published() -> list[str]:
    """The cases of the published table's first rows: those of the naive loops."""
    rows = [str(row["case"]) for row in published()["row"]]
    return rows[:QUICK_ROWS]


def _rungs(text: str, names: list[str]) -> list[str]:
    """The rungs in a comma-separated option; those that the published table has rows of for `published`."""
    if text.strip() != PUBLISHED:
        return chosen(text, names, "rung")
    there = {str(row["case"]).partition("/")[2] for row in published()["row"]}
    return [name for name in names if name in there]


def percentage(option: str, text: str) -> float:
    """A share from a percentage, with its sign or without. Raises UsageError where it is none."""
    number = text.strip().removesuffix("%").strip()
    try:
        percent = float(number)
    except ValueError:
        raise UsageError(f"{option} {text!r} is not a percentage: write it as 5% or 5") from None
    check_range(option, percent, 0, 1000)
    return percent / 100


def _threads(text: str, cpus: int, cores: int) -> tuple[int, ...]:
    """The numbers of threads in a comma-separated option, ascending; as many as there are cores for `all`."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if parts == [ALL]:
        return (cores,)
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise UsageError(f"--threads {text!r} is neither comma-separated numbers nor all")
    for part in parts:
        check_range("--threads", int(part), 1, cpus, "the number of CPUs that this process can use")
    return tuple(sorted({int(part) for part in parts}))
