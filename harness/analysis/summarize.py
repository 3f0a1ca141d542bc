"""A run in short, to stand beside others. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from harness.model.comparison import Comparison, Row, on_most_threads
from harness.model.journal import Machine
from harness.model.many import CaseRow, MachineFacts, RunSummary

VECTORS = (("avx512f", 512), ("avx2", 256), ("avx", 256), ("sse2", 128), ("asimd", 128), ("neon", 128))
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}


def summarize(comparison: Comparison, folder: str, problems: tuple[str, ...] = ()) -> RunSummary:
    """What of a comparison stands beside others: its machine, and every case on the most threads of each."""
    options = comparison.options
    return RunSummary(
        folder=folder,
        run=comparison.run,
        at=comparison.at,
        harness=comparison.harness,
        experiment=comparison.experiment,
        n=options.n,
        baseline=options.baseline,
        reference=options.reference,
        is_finished=comparison.finished is not None,
        machine=facts_of(comparison.machine) if comparison.machine else None,
        noise_floor=max((noise.floor for noise in comparison.noise), default=None),
        chain_head=comparison.chain.head if comparison.chain else None,
        digests={image.name: image.digest for image in comparison.images if image.digest},
        rows=tuple(_case(row) for row in on_most_threads(comparison.rows)),
        warnings=comparison.warnings,
        problems=problems,
    )


def _case(row: Row) -> CaseRow:
    same = set(CaseRow.model_fields) - {"is_estimate"}
    return CaseRow(is_estimate=row.is_estimate, **{name: getattr(row, name) for name in same})


def facts_of(machine: Machine) -> MachineFacts:
    """The facts of a machine that ratios may depend on."""
    return MachineFacts(
        cpu=machine.cpu,
        architecture=machine.architecture,
        cores=machine.cores,
        vector_bits=next((bits for feature, bits in VECTORS if feature in machine.features), None),
        cache_bytes=_last_cache_bytes(machine.caches),
        memory_bytes=machine.memory_bytes,
        kernel=machine.kernel,
        engine=machine.engine,
    )


def _last_cache_bytes(caches: Mapping[str, str]) -> int | None:
    """The largest of those listed, which is the last level: `32768K`, `1M`."""
    found = [re.fullmatch(r"(\d+)\s*([KMG]?)(?:i?B)?", size.strip()) for size in caches.values()]
    return max((int(each[1]) * UNITS[each[2]] for each in found if each), default=None)
