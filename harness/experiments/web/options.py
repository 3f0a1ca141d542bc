"""The options of `harness web compare`, after defaults."""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path

from harness.errors import UsageError
from harness.experiments.web.scenarios import SCENARIOS
from harness.experiments.web.settings import RATE, SECONDS, WARM
from harness.images.catalog import Catalog, known
from harness.measure.options import check_range, chosen
from harness.model.cases import Options

DEFAULTS = Path(__file__).with_name("defaults.toml")


def parse_options(
    catalog: Catalog,
    *,
    langs: str,
    scenarios: str,
    threads: int,
    connections: int,
    seconds: float,
    warm_up: float,
    rate: float | None,
    cpus: int,
    cores: int,  # noqa: ARG001 (every experiment is told of them)
    rounds: int,
    precision: float,
    budget: float,
    reference: str | None,
    seed: int | None,
    tune: bool = False,
    rebuild: bool = False,
) -> Options:
    """The options after defaults. Raises UsageError for an invalid name or number."""
    every = catalog.implementations
    if cpus < 2:
        raise UsageError("services need two CPUs at least: one of their own, and one for the load")
    check_range("--threads", threads, 1, cpus - 1, "the load has CPUs of its own")
    names, rungs = chosen(langs, every, "implementation"), chosen(scenarios, SCENARIOS, "scenario")
    if not {scenario for name in names for scenario in every[name].manifest.scenarios} & set(rungs):
        raise UsageError(f"no case to run: {langs} answers none of the scenarios {scenarios}")
    return Options(
        langs=tuple(names),
        rungs=tuple(rungs),
        n=connections,
        threads=(threads,),
        rounds=rounds,
        precision=precision / 100,
        budget_s=budget,
        baseline="",
        reference=known(reference, every, "implementation in --reference") if reference else _reference(names),
        seed=seed if seed is not None else secrets.randbits(32),
        tune=tune,
        rebuild=rebuild,
        own={SECONDS: seconds, WARM: warm_up, RATE: rate or 0.0},
    )


def _reference(names: list[str]) -> str:
    """The usual one where it is chosen, or else the first."""
    usual = str(tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))["reference"])
    return usual if usual in names else names[0]
