"""What engines differ in, from what each was seen to say."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pytest
from requests import PreparedRequest

from harness.engine.docker import building
from harness.engine.docker.flavours import CONTAINERD, DOCKER, PODMAN, Flavour, flavour_of, memory_kills
from harness.engine.docker.words import is_kept, reason_of
from harness.engine.engine import Recipe
from harness.errors import BuildError

DOCKER_26 = {"Platform": {"Name": ""}, "Components": [{"Name": "Engine", "Version": "26.1.5+dfsg1"}]}
PODMAN_4 = {"Components": [{"Name": "Podman Engine", "Version": "4.3.1"}, {"Name": "Conmon", "Version": "2.1.6"}]}


@pytest.mark.parametrize(
    ("version", "flavour"),
    [(DOCKER_26, DOCKER), (PODMAN_4, PODMAN), ({"Version": "1.12.6"}, DOCKER), ({"Components": None}, DOCKER)],
    ids=["Docker", "Podman", "an old Docker", "an empty answer"],
)
def test_an_engine_is_known_by_its_components(version: dict[str, object], flavour: Flavour) -> None:
    assert flavour_of(version, {"DriverStatus": [["Backing Filesystem", "extfs"]]}) is flavour


def test_docker_with_containerds_images_is_known_by_its_driver() -> None:
    status = [["driver-type", "io.containerd.snapshotter.v1"]]
    assert flavour_of(DOCKER_26, {"DriverStatus": status}) is CONTAINERD
    assert flavour_of(DOCKER_26, {"DriverStatus": None}) is DOCKER


def test_what_podman_makes_writable_is_covered_and_dockers_is_left() -> None:
    assert PODMAN.covered() == {"/run": "ro", "/tmp": "ro", "/var/tmp": "ro"}  # noqa: S108
    assert DOCKER.covered() == {}


def built(mode: str) -> str:
    """Where the SDK asks for a build."""
    return f"http+docker://localhost/v1.41/build?t=a&networkmode={mode}"


def test_podman_is_told_of_builds_without_network_in_its_own_way() -> None:
    request = PreparedRequest()
    request.url = built(PODMAN.no_network)
    added = parse_qs(urlsplit(str(PODMAN.complete(request).url)).query)
    assert json.loads(added["nsoptions"][0]) == [{"Name": "network", "Host": False}]
    assert added["networkmode"] == ["NetworkDisabled"]


@pytest.mark.parametrize(("flavour", "mode"), [(DOCKER, "none"), (PODMAN, "default")])
def test_no_other_request_is_changed(flavour: Flavour, mode: str) -> None:
    request = PreparedRequest()
    request.url = built(mode)
    assert flavour.complete(request).url == built(mode)


def test_an_id_made_up_for_each_answer_is_left_out() -> None:
    facts = {"ID": "c0ffee", "NCPU": 2}
    assert PODMAN.lasting(facts) == {"NCPU": 2}
    assert DOCKER.lasting(facts) == facts


def test_the_kernels_count_of_what_it_ended_for_want_of_memory_is_read(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/vmstat").write_text("pgfault 12\noom_kill 3\ndrop_pagecache 0\n")
    assert memory_kills(tmp_path) == 3
    (tmp_path / "proc/vmstat").write_text("pgfault 12\n")
    assert memory_kills(tmp_path) == 0
    assert memory_kills(tmp_path / "nonesuch") == 0


@pytest.mark.parametrize(
    "line", ["---> Using cache", " ---> Using cache\n", "--> Using cache 52cfb532e766a2417b0283c6"]
)
def test_a_step_that_was_kept_is_recognized(line: str) -> None:
    assert is_kept(line)


@pytest.mark.parametrize(
    "line", ["---> 52cfb532e766", "--> 52cfb532e76", "echo Using cache", "---> Using cache of apt"]
)
def test_a_step_that_ran_is_not_taken_for_one_that_was_kept(line: str) -> None:
    assert not is_kept(line)


# What a builder printed of a step, and how it then said that the step had failed.
FAILED = {
    "Docker 20.10": (
        [
            "Step 2/3 : RUN make\n",
            " ---> Running in 0123456789ab\n",
            "{said}",
            "Removing intermediate container 01234\n",
        ],
        "The command '/bin/sh -c make' returned a non-zero code: 7",
    ),
    "Docker 26.1": (
        [
            "Step 2/3 : RUN make\n",
            " ---> Running in 0123456789ab\n",
            "{said}",
            " ---> Removed intermediate container 01\n",
        ],
        "The command '/bin/sh -c make' returned a non-zero code: 7",
    ),
    "Podman 4.3": (
        ["STEP 2/3: RUN make\n", "{said}"],
        'building at STEP "RUN make": while running runtime: exit status 7\n',
    ),
    "Podman 4.3, several stages": (
        ["[1/2] STEP 2/3: RUN make\n", "{said}"],
        'building at STEP "RUN make": while running runtime: exit status 7\n',
    ),
}
BEFORE = ["Step 1/3 : RUN echo fine\n", "fine\n"]


@pytest.mark.parametrize("engine", FAILED)
def test_the_last_words_of_a_step_that_failed_are_its_reason(engine: str) -> None:
    printed, ending = FAILED[engine]
    log = [line.format(said="first\nthe last words\n") for line in printed]
    assert reason_of([*BEFORE, *log, ending]) == "the last words (exit code 7)"


@pytest.mark.parametrize("engine", FAILED)
def test_a_step_that_failed_in_silence_is_named_itself(engine: str) -> None:
    printed, ending = FAILED[engine]
    log = [line.format(said="") for line in printed]
    assert reason_of([*BEFORE, *log, ending]) == ending.strip()


def test_an_error_of_the_builder_itself_is_the_reason() -> None:
    error = 'building at STEP "COPY nonesuch /": copier: stat: "/nonesuch": no such file or directory'
    assert reason_of([*BEFORE, "STEP 2/3: COPY nonesuch /\n", error]) == error


LOST = f'unable to find image "sha256:{"8a" * 32}"'  # as Docker 20.10 said, while another build's image was removed
GONE = "failed to find image c:1: library/c:1: No such image"  # as Podman 4.3 said, busy, of one that it had just made
NOT_KNOWN = 'locating new copy of image "466b" (i.e., "containers-storage:[overlay]c:1"): image not known'
JUST_WRITTEN = 'locating just-written image "containers-storage:[overlay]c:1": image not known'


@pytest.mark.parametrize(
    ("reasons", "builds", "raised"),
    [
        ([], 1, ""),
        ([LOST], 2, ""),
        ([GONE], 2, ""),
        ([NOT_KNOWN, JUST_WRITTEN], 3, ""),
        ([LOST, LOST, LOST], 3, "unable to find image"),
        (["make: error 1", LOST], 1, "make"),
        (['unable to find image "c:1"'], 1, "c:1"),
    ],
)
def test_a_build_that_lost_a_race_with_another_s_end_is_tried_again(
    reasons: list[str], builds: int, raised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, made = iter(reasons), []

    def fake(*_: object, **__: object) -> None:
        made.append(1)
        for reason in left:
            raise BuildError(reason, "the log")

    monkeypatch.setattr(building, "_build", fake)
    recipe = Recipe("c:1", {}, "final", {})
    with pytest.raises(BuildError, match=raised) if raised else nullcontext():
        building.build(Mock(), DOCKER, recipe, lambda _: None, rebuild=False)
    assert len(made) == builds
