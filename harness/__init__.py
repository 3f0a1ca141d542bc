"""One matrix multiplication in many languages, in tiny containers: built, validated, and measured.

`harness.measure.compare` is the pipeline; everything else serves it. `frame` and `samples` give a notebook the figures
of a run. The rooms of the package, and which imports from which, are in CONTRIBUTING.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.version import __version__ as __version__

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from harness.model.journal import Entry


def frame(run: str | Path = "latest", results: str | Path = "results") -> pd.DataFrame:
    """The figures of a run, an observation a row: see harness.report.frame.frame_of, and docs/NOTEBOOKS.md.

    The run is `latest`, an id below `results`, or a folder. Raises ResultsError where there is none, or it is damaged.
    """
    from harness.analysis.analyze import analyze
    from harness.report.frame import frame_of

    return frame_of(analyze(_entries(run, results)))


def samples(run: str | Path = "latest", results: str | Path = "results") -> pd.DataFrame:
    """The samples of a run, one a row: see harness.report.frame.samples_of, and docs/NOTEBOOKS.md.

    The run is `latest`, an id below `results`, or a folder. Raises ResultsError where there is none, or it is damaged.
    """
    from harness.analysis.evidence import Evidence
    from harness.report.frame import samples_of

    return samples_of(Evidence.of(_entries(run, results)).rounds.values())


def _entries(run: str | Path, results: str | Path) -> list[Entry]:
    from pathlib import Path

    from harness.runs import find_run
    from harness.store import load_run

    return load_run(find_run(Path(results), str(run)))
