"""The file that a container writes: made before it starts, read after it ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import cast

from docker import DockerClient
from docker.models.containers import Container
from docker.models.volumes import Volume

from harness.engine import outputs
from harness.engine.archives import CHUNK_BYTES, empty_file, output_file
from harness.engine.engine import Output
from harness.errors import ProtocolError

Lent = Callable[[], AbstractContextManager[Container]]
"""Lends a container of an image of ours, never started, in which the volume is mounted where a job's container has it.

No archive goes in or out through an image of others': an engine follows that image's links on the way.
"""


@dataclass(frozen=True)
class Laid:
    """An output in its volume."""

    output: Output
    volume: Volume
    lent: Lent

    def lay(self) -> None:
        """Make an empty file, which the container's user may write. Raises ProtocolError where the volume is in use."""
        folder, name = os.path.split(self.output.path)
        if here := folder_here(self.volume):
            outputs.lay(here, name, outputs.USER)
        else:
            with self.lent() as container:
                container.put_archive(folder, empty_file(name, owner=outputs.USER))

    def taken(self) -> bytes | mmap:
        """What the file holds once the container has ended. Raises ProtocolError where it is not what was due."""
        folder, name = os.path.split(self.output.path)
        if here := folder_here(self.volume):
            return outputs.taken(here, name, self.output.size_bytes)
        with self.lent() as container, _archive(container, folder) as stream:
            return output_file(stream, Path(folder).name, name, self.output.size_bytes)

    def overflows(self) -> bool:
        """Whether the file takes more of the disk than it can need. False where the volume cannot be looked into."""
        here = folder_here(self.volume)
        return here is not None and outputs.overflows(here, Path(self.output.path).name, self.output.size_bytes)


def folder_here(volume: Volume) -> Path | None:
    """A volume's folder on this machine, where we may use it: that is much faster than archives are.

    The names of volumes are random, so that none of this machine's is mistaken for another's. Only root's is used: an
    engine that gives containers users of their own gives it to one of those.
    """
    folder = Path(cast("str", volume.attrs["Mountpoint"]))
    try:
        return folder if os.geteuid() == folder.lstat().st_uid == 0 else None
    except OSError:
        return None


@contextmanager
def _archive(container: Container, folder: str) -> Generator[Iterator[bytes]]:
    """A folder of a container as a stream that may be left in the middle, which the SDK's own leaves open."""
    api = cast("DockerClient", container.client).api
    address = f"{api.base_url}/v{api.api_version}/containers/{container.id}/archive"
    with closing(api.get(address, params={"path": folder}, stream=True, timeout=api.timeout)) as response:
        if not response.ok:
            raise ProtocolError(f"its output folder cannot be read: {response.reason}")
        yield response.iter_content(CHUNK_BYTES)
