"""How the images of two runs differ: in their sources, or only in their bytes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from harness.analysis.evidence import Evidence
from harness.model.cases import Case
from harness.model.journal import Image


def differences_of_images(one: Evidence, two: Evidence, cases: Iterable[Case]) -> Iterable[str]:
    """A line for each image of these cases, those of libraries too, that differs in the second run."""
    cases = list(cases)
    for name in sorted({_image_of(evidence, case) for evidence in (one, two) for case in cases}):
        before, after = one.images.get(name), two.images.get(name)
        if before and after and before.digest != after.digest:
            yield f"image {name}: {_described(before, after)}"


def _image_of(evidence: Evidence, case: Case) -> str:
    manifest = next(each for each in evidence.started.manifests if each.name == case.implementation)
    return manifest.image_of(manifest.held(case.rung).image)


def _described(before: Image, after: Image) -> str:
    if before.tag == after.tag:  # a hash of all its inputs
        return "rebuilt from the same sources, recipe and base, but its bytes differ"
    toolchains = [image.info.toolchain for image in (before, after) if image.info]
    changed = f" ({toolchains[0]}, then {toolchains[1]})" if len(set(toolchains)) == 2 else ""
    return f"different sources, recipe or base{changed}"
