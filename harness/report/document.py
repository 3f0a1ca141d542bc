"""The report as headings, paragraphs and tables, for the formats that people read."""

from __future__ import annotations

from harness.model.comparison import Comparison
from harness.report.beside import costs, overhead
from harness.report.cases import all_cases, build_facts, without_result
from harness.report.circumstances import interference
from harness.report.crossed import against_reference, matrix, speeds, steps
from harness.report.image_sizes import image_sizes
from harness.report.metrics import metric_sections
from harness.report.overview import what_was_run
from harness.report.published import differences, published
from harness.report.section import Section


def sections(comparison: Comparison) -> list[Section]:
    """The whole report, in the order in which it is read; empty sections are left out."""
    everything = [
        what_was_run(comparison),
        *(metric_sections(comparison) if comparison.metrics else _ladder(comparison)),
        overhead(comparison),
        image_sizes(comparison.images),
        without_result(comparison),
        Section("Warnings", points=comparison.warnings),
        interference(comparison),
    ]
    return [section for section in everything if section.table or section.points or section.intro]


def _ladder(comparison: Comparison) -> list[Section]:
    """What is to be said of an experiment whose one figure is the time of a case."""
    return [
        published(comparison),
        differences(comparison),
        matrix(comparison),
        speeds(comparison),
        against_reference(comparison),
        steps(comparison),
        all_cases(comparison),
        build_facts(comparison),
        costs(comparison),
    ]
