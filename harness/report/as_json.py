"""The report for programs. `schema` changes when a key's meaning does; docs/report.schema.json is its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from harness.model.cases import Options
from harness.model.comparison import (
    Comparison,
    ImageRow,
    Interference,
    Measured,
    Metric,
    Noise,
    OverheadRow,
    Overview,
    PublishedRow,
    Row,
    VariantRow,
)
from harness.model.integrity import Chain, Verification
from harness.model.journal import Finished, Machine, Peak, Reading, Tuned
from harness.model.record import Record

SCHEMA = 4


class Document(Record):
    """The report of one run of harness. Times are in seconds or, called _ns, in nanoseconds; sizes in bytes."""

    schema_number: int = Field(default=SCHEMA, serialization_alias="schema", json_schema_extra={"const": SCHEMA})
    run: str
    at: str
    experiment: str
    harness: str
    options: Options
    machine: Machine | None
    conditions: Overview | None
    readings: tuple[Reading, ...]
    interference: tuple[Interference, ...]
    tuned: Tuned | None
    peaks: tuple[Peak, ...]
    rows: tuple[Row, ...]
    published: tuple[PublishedRow, ...]
    variants: tuple[VariantRow, ...]
    metrics: tuple[Metric, ...]
    measured: tuple[Measured, ...]
    container_seconds: float | None
    overhead: tuple[OverheadRow, ...]
    images: tuple[ImageRow, ...]
    noise: tuple[Noise, ...]
    chain: Chain | None
    verification: Verification | None
    warnings: tuple[str, ...]
    cost: Finished | None


LEFT_OUT: Mapping[str, set[str]] = {
    "machine": {"kind"},
    "readings": {"kind"},
    "tuned": {"kind"},
    "peaks": {"kind", "container_ns"},
    "cost": {"kind"},
}
"""Of these records, what only a journal needs: which entry is which."""


def render(comparison: Comparison) -> str:
    """One JSON object, as the schema has it."""
    held = {name: getattr(comparison, name) for name in Document.model_fields if name in Comparison.model_fields}
    document = Document(**held, cost=comparison.finished)
    return _dumped(_plain(document))


def render_images(images: Sequence[ImageRow]) -> str:
    """The images part alone."""
    return _dumped([image.model_dump(mode="json") for image in images])


def schema() -> str:
    """The JSON Schema of the report, from the records."""
    made = Document.model_json_schema(mode="serialization", by_alias=True)
    for field, keys in LEFT_OUT.items():
        record = made["$defs"][_name_in(made["properties"][field])]
        record["properties"] = {key: it for key, it in record["properties"].items() if key not in keys}
        record["required"] = [key for key in record["required"] if key not in keys]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"Report of harness, schema {SCHEMA}"}
    return _dumped({**head, **{key: it for key, it in made.items() if key != "title"}})


def _name_in(field: Any) -> str:
    """The name of the one record that a field's schema refers to."""
    places: Iterable[Any] = [field, field.get("items", {}), *field.get("anyOf", ())]
    (reference,) = [place["$ref"] for place in places if "$ref" in place]
    return str(reference.rpartition("/")[2])


def _plain(document: Document) -> dict[str, Any]:
    many = {"readings", "peaks"}
    left_out = {name: {"__all__": keys} if name in many else keys for name, keys in LEFT_OUT.items()}
    return document.model_dump(mode="json", by_alias=True, exclude=left_out)


def _dumped(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
