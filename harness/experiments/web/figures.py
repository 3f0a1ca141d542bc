"""The figures of one container of a service, out of its accounts and what the load generator saw. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.engine import Account
from harness.errors import ProtocolError
from harness.experiments.web.load import Asked, Phase, Said
from harness.experiments.web.pair import Pair
from harness.model.cases import Sample

AFTER_NS = 100_000_000  # within which a service has done what a phase left it to do


def check_pair(pair: Pair) -> None:
    """Raise ProtocolError, with the reason, where the service did not serve to the end."""
    words = pair.service.stderr.decode("utf-8", errors="replace").strip().splitlines()
    last = f": {words[-1]}" if words else ""
    if pair.began_ns == 0:
        raise ProtocolError(f"its container does not start{last}")
    if pair.ended_early:
        why = "it ran out of memory" if pair.service.out_of_memory else f"it ended with exit code {pair.service.code}"
        raise ProtocolError(f"{why} while it was to serve{last}")
    if pair.load.timed_out or pair.load.code:
        printed = pair.load.stderr.decode("utf-8", errors="replace").strip().splitlines()[-1:] or ["nothing"]
        raise ProtocolError(f"its load generator ended with exit code {pair.load.code}: {printed[0]}")
    if not pair.service_accounts:
        raise ProtocolError("the account of its control group cannot be read: services are measured on a local engine")


def used_ns(accounts: Sequence[Account], phase: Phase) -> int:
    """The CPU time of a container in a phase, with what it did just after it."""
    return _at(accounts, phase.ended_ns + AFTER_NS).cpu_ns - _before(accounts, phase.began_ns).cpu_ns


def values_of(pair: Pair, said: Said, asked: Asked) -> dict[str, float]:
    """The figures by name: seconds, bytes, requests a second and CPUs."""
    full = said.phases["full"]
    requests = full.done + full.asked_answers
    wall_ns = full.finished_s * 1e9
    values = {
        "cpu_s": used_ns(pair.service_accounts, full) / requests / 1e9,
        "rate": full.rate,
        "requests": float(requests),
        "whole_answers": float(len(said.answers)),
        "service_cpus": used_ns(pair.service_accounts, full) / wall_ns,
        "load_cpus": used_ns(pair.load_accounts, full) / wall_ns if pair.load_accounts else 0.0,
        "start_s": (said.ready_ns - pair.began_ns) / 1e9,
        "idle_bytes": float(_before(pair.service_accounts, said.phases["warm"].began_ns).resident_bytes),
        "loaded_bytes": float(max(account.resident_bytes for account in pair.service_accounts)),
    }
    return values | (said.latencies.percentiles() if said.latencies and asked.rate else {})


def sample_of(pair: Pair, said: Said) -> Sample:
    """The phase at saturation as a sample: both containers' CPU time is in it, for what others used meanwhile."""
    full = said.phases["full"]
    cpu_ns = sum(used_ns(accounts, full) for accounts in (pair.service_accounts, pair.load_accounts) if accounts)
    return Sample(wall_ns=full.ended_ns - full.began_ns, cpu_ns=cpu_ns, checksum=0)


def _before(accounts: Sequence[Account], at_ns: int) -> Account:
    """The last reading before a moment."""
    return next((account for account in reversed(accounts) if account.at_ns <= at_ns), accounts[0])


def _at(accounts: Sequence[Account], at_ns: int) -> Account:
    """The first reading from a moment on."""
    return next((account for account in accounts if account.at_ns >= at_ns), accounts[-1])
