"""The cases of a comparison as the page shows them: figures, facts, command, rounds and kernel of each."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from harness.model.cases import Case
from harness.model.comparison import Comparison, RoundRow, Row, VariantRow
from harness.report.figures import yes
from harness.report.page.figures import figures_of
from harness.report.page.kernels import kernel_files
from harness.report.page.view import CaseView, Counts, case_id


def cases_of(comparison: Comparison) -> list[CaseView]:
    """Every row of the ladder, in the order of the comparison, and then every variant."""
    rounds: dict[str, list[RoundRow]] = {}
    for each in comparison.rounds:
        rounds.setdefault(_round_id(each.case), []).append(each)
    ladder = [_case(comparison, row, rounds) for row in comparison.rows]
    return ladder + [_case(comparison, each.row, rounds, each) for each in comparison.variants]


def _round_id(case: Case) -> str:
    return case_id(case.implementation, case.rung, case.threads, control=case.control)


def _case(
    comparison: Comparison, row: Row, rounds: Mapping[str, Sequence[RoundRow]], variant: VariantRow | None = None
) -> CaseView:
    identity = case_id(row.implementation, row.rung, row.threads)
    return CaseView(
        id=identity,
        implementation=row.implementation,
        language=row.label,
        rung=row.rung,
        threads=row.threads,
        outcome=row.outcome,
        reason=row.reason or "",
        log=row.log or "",
        image=row.image or "",
        figures={figure.key: figure for figure in figures_of(row, variant.to_rung if variant else None)},
        facts=list(_facts(row, variant)),
        command=_command(comparison, row, variant),
        counts=Counts(row.rounds, row.samples, row.interference_rounds, row.stop_reason or ""),
        previous=_previous(comparison, row, variant.of if variant else row.step_from),
        variant_of=variant.of if variant else None,
        changes=variant.changes if variant else "",
        rounds=rounds.get(identity, ()),
        files=kernel_files(comparison, row, variant.of if variant else None),
    )


def _facts(row: Row, variant: VariantRow | None) -> Iterable[tuple[str, str]]:
    """What a case was built from and how it was measured."""
    rows = f"{row.rows_computed} of {row.n} rows, scaled to all" if row.is_estimate else "all"
    facts = {
        "Variant of": variant.of if variant else None,
        "What it changes": variant.changes if variant else None,
        "Toolchain": row.toolchain,
        "Flags": row.flags,
        "Loop order": row.loop_order,
        "Layout": row.layout,
        "Bounds checks": None if row.bounds_checks is None else yes(row.bounds_checks),
        "Fast-math": None if row.fast_math is None else yes(row.fast_math),
        "Instruction sets": ", ".join(row.instruction_sets) or None,
        "Path that ran": row.runs,
        "Image": row.image,
        "Rows timed": rows if row.rows_computed else None,
        "Rounds and samples": f"{row.rounds} rounds, {row.samples} samples" if row.rounds else None,
        "Stop reason": row.stop_reason,
        "Rounds with interference": str(row.interference_rounds) if row.rounds else None,
        "Previous rung": None if variant else row.step_from,
        "Note": row.note,
        "SHA-256 of the product": row.sha256,
        "Key of the result": row.key,
    }
    return ((name, text) for name, text in facts.items() if text)


def _command(comparison: Comparison, row: Row, variant: VariantRow | None) -> str:
    """What measures this row again, on the same inputs; of a variant, with its rung and that rung's other variants."""
    options, rung = comparison.options, variant.of if variant else row.rung
    chosen = {"--langs": row.implementation, "--rungs": rung, "--n": str(row.n), "--threads": str(row.threads)}
    chosen |= {"--rounds": str(options.rounds), "--budget": f"{options.budget_s:g}", "--seed": str(options.seed)}
    words = ["harness", "compare", *(word for pair in chosen.items() for word in pair)]
    return shlex.join([*words, "--variants"] if variant else words)


def _previous(comparison: Comparison, row: Row, rung: str | None) -> str | None:
    """The case that this one was made from; on the most threads, where it was measured on several."""
    found = [
        other
        for other in comparison.rows
        if other.implementation == row.implementation and other.rung == rung and other.seconds
    ]
    before = max(found, key=lambda other: other.threads, default=None)
    return case_id(before.implementation, before.rung, before.threads) if before else None
