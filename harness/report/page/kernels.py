"""Which of a run's sources are the kernel of a case: by what its files are called."""

from __future__ import annotations

from harness.model.comparison import Comparison, Row, SourceFile

ARCHITECTURES = {"amd64": "x86_64", "x86": "x86_64", "arm64": "aarch64", "neon": "aarch64"}  # as file names have them
VARIANTS = "variants/"  # the folder of kernels that only variants have
MARK = "@"  # between a rung and what a variant of it changes


def kernel_files(comparison: Comparison, row: Row, variant_of: str | None) -> list[SourceFile]:
    """The files that are called as the rung is, in whatever case, and are for this machine.

    A variant's are those in its folder that are called as the first word of what it changes, or else as its rung; where
    there are none, it is made of its rung's.
    """
    own = [file for file in comparison.sources if file.implementation == row.implementation]
    apart = [file for file in own if file.path.startswith(VARIANTS)]
    ladder = [file for file in own if not file.path.startswith(VARIANTS)]
    machine = comparison.machine.architecture if comparison.machine else None
    if variant_of is None:
        return _called(ladder, row.rung, machine)
    change = row.rung.partition(MARK)[2].partition("-")[0]
    return (
        _called(apart, change, machine) or _called(apart, variant_of, machine) or _called(ladder, variant_of, machine)
    )


def _called(files: list[SourceFile], name: str, machine: str | None) -> list[SourceFile]:
    def fits(file: SourceFile) -> bool:
        stem = file.path.rpartition("/")[2].partition(".")[0].lower()
        rung, _, suffix = stem.partition("_")
        return rung == name.lower() and (not suffix or machine is None or ARCHITECTURES.get(suffix) == machine)

    return [file for file in files if fits(file)]
