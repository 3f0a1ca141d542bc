"""The report for programs. `schema` changes when a key's meaning does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from harness.model.comparison import Comparison, ImageRow

SCHEMA = 4


def render(comparison: Comparison) -> str:
    """One JSON object: schema, run, machine, rows, published, variants, overhead, images, noise, warnings, cost."""
    document = {
        "schema": SCHEMA,
        "run": comparison.run,
        "at": comparison.at,
        "experiment": comparison.experiment,
        "harness": comparison.harness,
        "options": comparison.options.model_dump(),
        "machine": comparison.machine.model_dump(exclude={"kind"}) if comparison.machine else None,
        "conditions": comparison.conditions.model_dump() if comparison.conditions else None,
        "readings": [reading.model_dump(exclude={"kind"}) for reading in comparison.readings],
        "interference": [each.model_dump() for each in comparison.interference],
        "tuned": comparison.tuned.model_dump(exclude={"kind"}) if comparison.tuned else None,
        "peaks": [peak.model_dump(include={"threads", "gflops"}) for peak in comparison.peaks],
        "rows": [row.model_dump() for row in comparison.rows],
        "published": [
            row.model_dump(exclude={"here"}) | {"here": row.here.name if row.here else None}
            for row in comparison.published
        ],
        "variants": [each.model_dump() for each in comparison.variants],
        "metrics": [metric.model_dump() for metric in comparison.metrics],
        "measured": [each.model_dump() for each in comparison.measured],
        "container_seconds": comparison.container_seconds,
        "overhead": [row.model_dump() for row in comparison.overhead],
        "images": _images(comparison.images),
        "noise": [noise.model_dump() | {"floor": noise.floor} for noise in comparison.noise],
        "chain": comparison.chain.model_dump() if comparison.chain else None,
        "verification": comparison.verification.model_dump() if comparison.verification else None,
        "warnings": list(comparison.warnings),
        "cost": comparison.finished.model_dump(exclude={"kind"}) if comparison.finished else None,
    }
    return _dumped(document)


def render_images(images: Sequence[ImageRow]) -> str:
    """The images part alone."""
    return _dumped(_images(images))


def _images(rows: Iterable[ImageRow]) -> list[dict[str, Any]]:
    return [row.model_dump() | {"within_budget": row.within_budget} for row in rows]


def _dumped(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
