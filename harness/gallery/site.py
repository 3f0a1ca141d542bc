"""A folder of runs as a static site: an overview, a page for each run, and one table of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ResultsError
from harness.events import Event, Watch
from harness.files import explained, write_whole
from harness.gallery.reading import on_all_cpus, runs_below, summary_of
from harness.model.comparison import Interval, Ratio
from harness.model.many import CaseRow, RunSummary
from harness.report import gallery as pages

if TYPE_CHECKING:
    import pyarrow as pa

PAGES = "r"
RUN = ("run", "at", "harness", "experiment", "baseline", "reference", "is_finished", "noise_floor", "chain_head")
MACHINE = ("cpu", "architecture", "cores", "vector_bits", "cache_bytes", "memory_bytes", "kernel")
CASE = ("implementation", "rung", "n", "threads", "outcome", "is_estimate", "rounds", "key", "step_from")
ESTIMATES = ("seconds", "ratio", "step", "vs_reference")
TOLD_EVERY = 100

Made = tuple[pages.Line, list[dict[str, Any]]]


def make_site(runs: Path, site: Path, title: str, watch: Watch) -> list[pages.Line]:
    """Make the site; the overview's lines. Raises ResultsError where there is no run, or the site cannot be written."""
    folders = runs_below(runs)
    if not folders:
        raise ResultsError(f"no run below {runs}: nothing to show")
    with explained(site):
        (site / PAGES).mkdir(parents=True, exist_ok=True)
        lines, tables, rows = list[pages.Line](), _Tables(site), 0
        with tables:
            for line, cases in on_all_cpus(partial(_made, runs, site), list(enumerate(folders, start=1))):
                lines.append(line)
                tables.add(cases)
                rows += len(cases)
                if len(lines) % TOLD_EVERY == 0 or len(lines) == len(folders):
                    watch(Event("prepare", f"{rows} cases of {len(lines)} runs", len(lines), len(folders)))
        write_whole(site / pages.STYLE, pages.stylesheet().encode())
        write_whole(site / "index.html", pages.overview(lines, title).encode())
    return lines


def _made(root: Path, site: Path, item: tuple[int, Path]) -> Made:
    """Read, check and show one run; its line, and its cases as rows of a table where it is believed."""
    number, folder = item
    summary = summary_of(folder, root)
    (site / PAGES / f"{number}.html").write_text(pages.run_page(summary), encoding="utf-8")
    return pages.line_of(number, summary), [] if summary.problems else list(_rows(summary))


def _rows(summary: RunSummary) -> Iterator[dict[str, Any]]:
    """A run's cases, each with what is said of the run, and every estimate as three columns; a ratio as four."""
    run = {name: getattr(summary, name) for name in RUN}
    run |= {name: getattr(summary.machine, name) if summary.machine else None for name in MACHINE}
    for row in summary.rows:
        yield run | {name: getattr(row, name) for name in CASE} | _estimates(row)


def _estimates(row: CaseRow) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ESTIMATES:
        it: Interval | None = getattr(row, name)
        for part in ("value", "low", "high"):
            found[f"{name}_{part}"] = getattr(it, part) if it else None
        if name != "seconds":
            found[f"{name}_not_significant"] = it.not_significant if isinstance(it, Ratio) else None
    return found


def _schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"is_finished": pa.bool_(), "is_estimate": pa.bool_(), "noise_floor": pa.float64()}
    kinds |= dict.fromkeys(
        ("cores", "vector_bits", "n", "threads", "rounds", "cache_bytes", "memory_bytes"), pa.int64()
    )
    named = [(name, kinds.get(name, pa.string())) for name in (*RUN, *MACHINE, *CASE)]
    for name in ESTIMATES:
        named += [(f"{name}_{part}", pa.float64()) for part in ("value", "low", "high")]
        named += [(f"{name}_not_significant", pa.bool_())] if name != "seconds" else []
    return pa.schema(named)


class _Tables:
    """All cases of all runs, written as they come: a Parquet file, and the same as JSON, an array of objects."""

    BATCH = 5000

    def __init__(self, site: Path) -> None:
        import pyarrow.parquet as pq

        self._schema, self._waiting = _schema(), list[dict[str, Any]]()
        self._parquet = pq.ParquetWriter(site / "runs.parquet", self._schema)
        self._json = (site / "runs.json").open("w", encoding="utf-8")
        self._separator = "[\n"

    def __enter__(self) -> _Tables:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._parquet.close()
        self._json.write("[]\n" if self._separator == "[\n" else "\n]\n")
        self._json.close()

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add the cases of a run."""
        for row in rows:
            kept = {name: value for name, value in row.items() if value is not None}
            self._json.write(self._separator + json.dumps(kept, ensure_ascii=False))
            self._separator = ",\n"
        self._waiting += rows
        if len(self._waiting) > self.BATCH:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._parquet.write_table(pa.Table.from_pylist(self._waiting, self._schema))
            self._waiting = []
