"""Recipes taken apart: which stages have the network, and what no step may do."""

from __future__ import annotations

import pytest

from harness.errors import RecipeError
from harness.experiments import matmul
from harness.images.catalog import load_catalog, root
from harness.images.dockerfile import parse

RECIPE = r"""# A comment
ARG BASE=harness-base
FROM ${BASE} AS packages
RUN install-pinned \
      # one a line
      gcc=1 \

      musl=2
FROM packages AS build
COPY . .
RUN make

FROM scratch AS final
COPY --from=build --chown=0:0 /program /program
from packages as library-packages
COPY go.mod go.sum ./
RUN go mod download
FROM library-packages AS library-build
FROM ${BASE} AS emulator-packages
FROM library-packages AS check-packages
COPY --from=emulator-packages ["/usr/bin/qemu", "/usr/bin/"]
FROM check-packages AS check
"""
PACKAGES = "RUN install-pinned       gcc=1       musl=2\n"


@pytest.mark.parametrize(
    ("target", "needed"),
    [
        ("final", ["packages", "build", "final"]),
        ("library-build", ["packages", "library-packages", "library-build"]),
        ("check", ["packages", "library-packages", "emulator-packages", "check-packages", "check"]),
    ],
)
def test_a_target_is_made_of_the_stages_that_it_needs(target: str, needed: list[str]) -> None:
    assert [stage.name for stage in parse(RECIPE).towards(target)] == needed


def test_a_target_that_is_missing_is_told() -> None:
    with pytest.raises(RecipeError, match="its recipe has no stage nonesuch"):
        parse(RECIPE).towards("nonesuch")


def test_a_stage_that_installs_packages_stands_alone_and_copies_what_it_names() -> None:
    dockerfile = parse(RECIPE)
    first, second, _, last, _ = dockerfile.towards("check")
    assert dockerfile.of([first], {}) == f"ARG BASE=harness-base\nFROM ${{BASE}} AS packages\n{PACKAGES}"
    assert [sorted(stage.copied) for stage in (first, second, last)] == [[], ["go.mod", "go.sum"], []]
    tags = {"packages": "p:1", "library-packages": "p:2", "emulator-packages": "p:3"}
    assert dockerfile.of([last], tags) == (
        "ARG BASE=harness-base\n"
        "FROM p:2 AS library-packages\n\n"
        "FROM p:3 AS emulator-packages\n\n"
        "FROM library-packages AS check-packages\n"
        'COPY --from=emulator-packages ["/usr/bin/qemu", "/usr/bin/"]\n'
    )


def test_the_rest_is_built_from_the_images_of_the_packages() -> None:
    dockerfile = parse(RECIPE)
    assert dockerfile.of(dockerfile.towards("final")[1:], {"packages": "p:1"}) == (
        "ARG BASE=harness-base\nFROM p:1 AS packages\n\n"
        "FROM packages AS build\nCOPY . .\nRUN make\n\n"
        "FROM scratch AS final\nCOPY --from=build --chown=0:0 /program /program\n"
    )


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("ADD file /", "ADD can fetch from any address: use COPY"),
        ("add file /", "ADD can fetch"),
        ("AD\\\nD file /", "ADD can fetch"),
        ("ONBUILD ADD file /", "ONBUILD acts in a later stage"),
        ("RUN --network=host make", "options of RUN can give a step the network"),
        ("RUN \\\n  --mount=type=bind,from=x make", "options of RUN"),
        ("COPY --from=image:1 / /", "only --from=STAGE, --chown and --chmod are allowed"),
        ("COPY --fr\\om=image / /", "only --from=STAGE, --chown and --chmod are allowed"),
        ("COPY --from=image / /", "uses image, which is neither"),
        ("COPY --from=0 / /", "only --from=STAGE, --chown and --chmod are allowed"),
        ("FROM image AS other", "other uses image, which is neither"),
        ("FROM --platform=x ${BASE} AS other", "is not of the form FROM image AS lower-case-name"),
        ("FROM ${BASE}", "is not of the form FROM image AS lower-case-name"),
        ("FROM ${BASE} AS Packages", "is not of the form FROM image AS lower-case-name"),
        ("FROM ${BASE} AS build", "two stages of its recipe are named build"),
        ("FROM build AS more-packages", "more-packages installs packages and uses build, which does not"),
        ("FROM ${BASE} AS p-packages\nCOPY --from=build / /", "p-packages installs packages and uses build"),
        ("# escape=`", "changes the escape character"),
    ],
)
def test_what_could_reach_elsewhere_is_refused(step: str, reason: str) -> None:
    with pytest.raises(RecipeError) as refused:
        parse(f"ARG BASE\nFROM ${{BASE}} AS build\n{step}\n")
    assert reason in str(refused.value)


@pytest.mark.parametrize("name", load_catalog(root(), matmul.NAME).images)
def test_packages_of_the_committed_recipes_are_installed_in_stages_of_their_own(name: str) -> None:
    dockerfile = parse(load_catalog(root(), matmul.NAME).images[name].dockerfile.read_text())
    for stage in dockerfile.stages:
        installing = [step for step in stage.instructions if "install-pinned" in step or "apt-get" in step]
        assert stage.installs or not installing
        assert not stage.installs or stage.copied.isdisjoint({".", "./"})
