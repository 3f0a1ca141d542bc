"""Which images `harness clean --images` takes for ours: all that our builds left, and nothing that others made of it.

The engine is shared with whoever works on this machine, so that these tests look at their own images alone.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import docker
import pytest
from docker.errors import APIError, ImageNotFound

from harness.engine.docker import DockerEngine
from harness.engine.docker.flavours import flavour_of
from harness.engine.docker.marks import MARK, remove_ours
from harness.engine.engine import OLD_RUN_LABEL, Recipe
from harness.errors import BuildError
from tests.engine.support import is_podman

pytestmark = [pytest.mark.engine, pytest.mark.beside]


@dataclass
class Workshop:
    """Builds images, as the harness and as a user, that all hold a layer which no others have."""

    engine: DockerEngine
    client: docker.DockerClient
    base: str
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    named: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start = self.build(f"FROM {self.base}\nRUN echo {self.token} >/token\n", BASE=self.base)
        self.layer = self.client.images.get(self.start).attrs["RootFS"]["Layers"][-1]

    def build(self, dockerfile: str, **arguments: str) -> str:
        """The tag of what the harness builds."""
        tag = f"harness-test:{secrets.token_hex(6)}"
        arguments = arguments or {"BASE": self.start}
        recipe = Recipe(tag, {"Dockerfile": dockerfile.encode()}, None, arguments)
        self.engine.build(recipe, lambda _line: None)
        return tag

    def build_as_user(self, steps: str, tag: str | None = None, **options: Any) -> str:
        """The id of what a user builds from what the harness has built."""
        dockerfile = io.BytesIO(f"FROM {self.start}\n{steps}\n".encode())
        image, _ = self.client.images.build(fileobj=dockerfile, tag=tag, rm=True, **options)
        return str(image.id)

    def images(self) -> dict[str, list[str]]:
        """The tags of all images with our layer that are nobody's parent alone, by id."""
        return {each["Id"]: [t for t in each["RepoTags"] or [] if "<" not in t] for each in self.listed()}

    def listed(self, **options: Any) -> list[dict[str, Any]]:
        return [each for each in self.client.api.images(**options) if self.layer in self._layers(each["Id"])]

    def _layers(self, image: str) -> list[str]:
        try:
            return list(self.client.images.get(image).attrs["RootFS"].get("Layers") or [])
        except ImageNotFound:  # of somebody else, meanwhile
            return []

    def marked(self) -> set[str]:
        marks = {image: f"{MARK}:{image[7:19]}" for image in self.images()}
        return {image for image, tags in self.images().items() if marks[image] in map(bare, tags)}

    def clean(self) -> int:
        """What `harness clean --images` does, where there are only these images."""
        with pytest.MonkeyPatch.context() as patch:
            mine = self.listed(), self.listed(all=True)
            left = [each["Id"] for each in mine[1]]
            real = self.client.api.images
            patch.setattr(
                self.client.api,
                "images",
                lambda **options: mine[0] if not options else [each for each in real(**options) if each["Id"] in left],
            )
            return remove_ours(self.client)


def bare(tag: str) -> str:
    """A tag as we give it: Podman adds the registry that it could be from."""
    return tag.rpartition("/")[2]


@pytest.fixture
def workshop(engine: DockerEngine, client: docker.DockerClient, base: str) -> Iterator[Workshop]:
    workshop = Workshop(engine, client, base)
    yield workshop
    workshop.clean()
    while left := list(workshop.images()):
        removed = [image for image in left if is_removed(client, image)]
        assert removed, left


def is_removed(client: docker.DockerClient, image: str) -> bool:
    """Whether an image could be removed: newer engines refuse one that others were made from, though it be forced."""
    try:
        client.images.remove(image, force=True)
    except APIError as error:
        if error.status_code != HTTPStatus.CONFLICT:
            raise
        return False
    return True


STAGES = """ARG BASE
FROM ${BASE} AS build
RUN echo one >/one
RUN echo two >/two
FROM build AS more
RUN echo three >/three
FROM ${BASE} AS final
COPY --from=more /three /
"""


@pytest.mark.podman
def test_all_that_a_build_left_is_ours(workshop: Workshop) -> None:
    tag = workshop.build(STAGES)
    images = workshop.images()
    assert workshop.marked() == images.keys()
    flavour = flavour_of(workshop.client.version(), workshop.client.info())
    parents = 0 if flavour.keeps_parents else 2
    # A stage; the image, and the start, with names.
    assert sorted(len(tags) for tags in images.values()) == [*[1] * parents, 1, 2, 2]
    assert any(tag in map(bare, tags) for tags in images.values())
    assert workshop.clean() == 3 + parents
    assert workshop.listed(all=True) == []


def test_a_stage_with_a_name_is_still_ours_when_a_later_stage_was_made_from_it(workshop: Workshop) -> None:
    """Packages are installed in a build of their own, and cached in that of the whole recipe."""
    packages = "ARG BASE\nFROM ${BASE} AS packages\nRUN touch /packages\n"
    first = str(workshop.client.images.get(workshop.build(packages)).id)
    workshop.build(f"{packages}FROM packages\nRUN touch /program\n")
    assert first in workshop.marked()
    workshop.clean()
    assert workshop.images() == {}


def test_what_a_failed_build_left_is_ours(workshop: Workshop) -> None:
    with pytest.raises(BuildError):
        workshop.build("ARG BASE\nFROM ${BASE}\nRUN echo kept >/kept\nRUN exit 7\n")
    assert len(workshop.marked()) == 2
    workshop.clean()
    assert workshop.listed(all=True) == []


@pytest.mark.parametrize("steps", ["RUN echo mine >/mine", "ENV MINE=1", "LABEL io.github.harness.run=1"])
def test_what_users_made_of_ours_stays(steps: str, workshop: Workshop) -> None:
    theirs = [workshop.build_as_user(steps, tag) for tag in (f"harness-test:{workshop.token}-mine", None)]
    theirs.append(workshop.build_as_user(f"{steps}\nENV ANOTHER=1", None))
    assert workshop.marked().isdisjoint(theirs)
    workshop.clean()
    assert set(theirs) <= workshop.images().keys()


def test_a_name_that_a_user_gave_stays_with_its_image(workshop: Workshop) -> None:
    image = workshop.client.images.get(workshop.start)
    image.tag("example.org/harness-test", workshop.token)
    assert workshop.clean() == 0
    assert workshop.images() == {image.id: [f"example.org/harness-test:{workshop.token}"]}


def test_a_mark_on_another_image_than_it_names_is_none(workshop: Workshop) -> None:
    theirs = workshop.build_as_user("ENV MINE=1")
    false = f"{MARK}:{workshop.token}0000"
    assert workshop.client.images.get(theirs).tag(MARK, false.partition(":")[2])
    workshop.clean()
    assert [bare(tag) for tag in workshop.images()[theirs]] == [false]


def test_what_a_container_needs_stays_until_it_is_gone(workshop: Workshop) -> None:
    container = workshop.client.containers.create(workshop.start, ["true"])
    try:
        assert workshop.clean() == 0
    finally:
        container.remove()
    assert workshop.clean() == 1


def test_a_step_that_prints_as_the_builder_does_marks_nothing(workshop: Workshop) -> None:
    theirs = workshop.build_as_user("ENV MINE=1")
    unrelated = workshop.client.images.get(workshop.base).id or ""
    before = workshop.marked()
    short = [image.removeprefix("sha256:")[:12] for image in (theirs, unrelated)]
    said = " && ".join(f"echo ' ---> {each}'" for each in short)
    built = workshop.build(f"ARG BASE\nFROM {workshop.base}\nRUN {said}\n", BASE=workshop.base)
    try:
        assert workshop.marked() == before
        assert theirs in workshop.images()
    finally:
        workshop.engine.remove_image(built)


def test_what_earlier_versions_built_is_ours_and_what_is_made_of_it_is_not(workshop: Workshop) -> None:
    tag = f"harness-test:{workshop.token}0000"
    old = {"labels": {OLD_RUN_LABEL: "build-5416"}}
    ours = workshop.build_as_user("ENV OURS=1", tag, **old)
    unnamed = workshop.build_as_user("ENV OURS=2", None, **old)
    child = workshop.client.images.build(fileobj=io.BytesIO(f"FROM {tag}\nENV MINE=1\n".encode()), rm=True)[0]
    assert child.labels[OLD_RUN_LABEL] == "build-5416"
    workshop.clean()
    left = workshop.images()
    assert child.id in left
    kept = {ours, unnamed} & left.keys()
    # Podman's history does not tell which step came last, and what cannot be told is left alone.
    assert kept == ({ours, unnamed} if is_podman(workshop.client) else set())
