"""The published table, as published.toml has it, and its rows beside those of a run. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from harness.model.cases import flop
from harness.model.comparison import PublishedRow, Ratio, Row
from harness.model.journal import Machine


@cache
def published() -> dict[str, Any]:
    """The table with its source, machine and conditions."""
    return tomllib.loads((files("harness.experiments.matmul") / "published.toml").read_text(encoding="utf-8"))


def published_rows(
    rows: Sequence[Row], baseline: str, machine: Machine | None, between: Callable[[Row, Row], Ratio | None]
) -> tuple[PublishedRow, ...]:
    """The published rows, each beside the case that reproduces it, with what differs between the two.

    Ratios against another baseline than the published one are not compared. `between` is the ratio of two rows.
    """
    table = published()
    by_name = {row.name: row for row in sorted(rows, key=lambda row: row.threads)}
    found: list[PublishedRow] = []
    for entry in table["row"]:
        gflops = flop(table["n"]) / entry["seconds"] / 1e9
        here, above = by_name.get(entry["case"]), found[-1].here if found else None
        row = PublishedRow(
            **entry,
            gflops=gflops,
            peak_share=gflops / table["peak_gflops"],
            ratio_to_row_above=found[-1].seconds / entry["seconds"] if found else None,
            here_to_row_above=between(above, here) if above and here else None,
            here=here,
        )
        comparable = baseline == table["row"][0]["case"]
        differences = tuple(_differences(row, table, by_name.get(baseline), machine)) if comparable else ()
        found.append(row.model_copy(update={"differences": differences}))
    return tuple(found)


def _differences(
    there: PublishedRow, table: dict[str, Any], baseline: Row | None, machine: Machine | None
) -> Iterable[str]:
    """What differs between a published row and ours, where their ratios do."""
    here = there.here
    if here is None or here.ratio is None or here.ratio.holds(there.ratio):
        return
    if here.threads != there.cores:
        yield f"cores: published {there.cores}, here {here.threads}"
    if here.n != table["n"]:
        yield f"n: published {table['n']}, here {here.n}"
    if baseline:
        yield f"baseline: published {table['row'][0]['toolchain']}, here {baseline.toolchain}"
    yield f"toolchain: published {there.toolchain}, here {here.toolchain}"
    yield f"flags: published {there.flags}, here {here.flags}"
    if machine:
        yield f"CPU: published {table['machine']}, here {machine.cpu}"
