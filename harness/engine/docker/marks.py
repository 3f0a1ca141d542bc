"""Which images are ours: those with a mark, a tag that names the very image which it is on.

A label would not do: the images that users make from ours inherit it. A record on this machine would not do either: it
can be lost, and others who share the engine have none. No image inherits a tag, and one that names another image, or
none, is not a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from harness.engine.engine import OLD_RUN_LABEL

MARK = "harness-built"
ID_DIGITS = 12
NAMELESS = "<none>:<none>"
OUR_TAG = re.compile(r"(?:localhost/|[\w.]+/library/)?harness-[^/:]+:[^/:]+")  # as engines write a name without a host
STEP_DONE = re.compile(r"-{2,3}> (?:Using cache )?([0-9a-f]{11,64})$")
GONE, NEEDED = 404, 409


class StepMarks:
    """Marks, while a builder tells of its steps, what they make: where it fails or is killed, gigabytes are left.

    An image is marked until one that is made from it is, or for good where it has a name, and where the engine would
    else drop it, and build the step anew the next time, or never remove it. What a step prints can look like the
    builder's own lines, so only what is made from the images that the recipe starts from is taken for a step's.
    """

    def __init__(self, client: DockerClient, starts: Iterable[str], *, keeps_parents: bool) -> None:
        self._client, self._keeps_parents = client, keeps_parents
        self._starts = {image for start in starts if (image := _id_of(client, start))}
        self._steps: set[str] = set()

    def heard(self, line: str) -> None:
        """Take in a line of what the builder prints."""
        if done := STEP_DONE.search(line):
            with suppress(ImageNotFound):
                step = self._client.images.get(done[1])
                parent = _whole(str(step.attrs["Parent"]))
                if parent in self._starts | self._steps:
                    mark(self._client, str(step.id))
                    self._steps.add(str(step.id))
                if parent in self._steps and self._keeps_parents:
                    _unmark(self._client, parent)


def mark(client: DockerClient, image: str) -> None:
    """Mark an image, by its id, as ours."""
    client.api.tag(image, MARK, _mark_of(image).partition(":")[2])


def _unmark(client: DockerClient, image: str) -> None:
    """Remove the mark of an image that has nothing else."""
    with suppress(ImageNotFound):
        if all(_is_mark(left, image) for left in client.images.get(image).tags):
            _untag(client, _mark_of(image))


def remove_image(client: DockerClient, tag: str) -> None:
    """Remove a tag of ours, and the image if nothing but its mark is left of it."""
    image = str(client.images.get(tag).id)
    _untag(client, tag)
    _unmark(client, image)


def remove_ours(client: DockerClient) -> int:
    """Remove the images that are ours, as far as nothing of anybody else's needs them; how many are gone.

    Their names that begin as ours do go in any case; any other that a user gave one keeps it.
    """
    ours = {image["Id"]: image for image in client.api.images() if _is_ours(client, image)}
    left, before = set(ours), 0
    while len(left) != before:  # containerd's store refuses an image until those that are made of it are gone
        before = len(left)
        for image in left:
            _remove(client, ours[image])
        left = ours.keys() & {image["Id"] for image in client.api.images(all=True)}
    return len(ours) - len(left)


def _remove(client: DockerClient, image: dict[str, Any]) -> None:
    """Remove our names of an image of ours, and the image if it has no others."""
    for tag in sorted(filter(OUR_TAG.fullmatch, _tags(image)), key=lambda tag: _is_mark(tag, image["Id"])):
        _untag(client, tag)
    with suppress(ImageNotFound):  # mostly it is gone with its last name
        if not client.images.get(image["Id"]).tags:
            _untag(client, image["Id"])


def _is_ours(client: DockerClient, image: dict[str, Any]) -> bool:
    return any(_is_mark(tag, image["Id"]) for tag in _tags(image)) or _is_of_old(client, image)


def _is_mark(tag: str, image: str) -> bool:
    repository, _, version = tag.rpartition(":")
    return repository.rpartition("/")[2] == MARK and f"{MARK}:{version}" == _mark_of(image)


def _is_of_old(client: DockerClient, image: dict[str, Any]) -> bool:
    """Whether an earlier version built an image: to label it was the last step, to which any other's has added more."""
    label = (image["Labels"] or {}).get(OLD_RUN_LABEL)
    if label is None:
        return False
    last = client.images.get(image["Id"]).history()[0]
    is_import = str(last["Comment"]).startswith("Imported from")
    return is_import or str(last["CreatedBy"]).rstrip().endswith(f"LABEL {OLD_RUN_LABEL}={label}")


def _tags(image: dict[str, Any]) -> list[str]:
    return [tag for tag in image["RepoTags"] or [] if tag != NAMELESS]


def _untag(client: DockerClient, tag: str) -> None:
    """Remove a tag, and with the last one the image, unless a container or another image needs it."""
    try:
        client.api.remove_image(tag)
    except APIError as error:
        if error.status_code not in {GONE, NEEDED}:
            raise


def _mark_of(image: str) -> str:
    return f"{MARK}:{image.removeprefix('sha256:')[:ID_DIGITS]}"


def _whole(image: str) -> str:
    """An id as images have it: Podman names a parent without the kind of its digest."""
    return f"sha256:{image.removeprefix('sha256:')}"


def _id_of(client: DockerClient, tag: str) -> str | None:
    try:
        return str(client.images.get(tag).id)
    except ImageNotFound:
        return None
