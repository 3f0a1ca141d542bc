"""The images of one architecture on their way: built by one machine, kept by all that took them in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from distributed import Client, Future

from harness.fleet import cargo
from harness.fleet.orders import SLOT, Built


@dataclass
class Shipment:
    """What an architecture's machines are given. Archives live in Dask's memory while they are on their way."""

    client: Client
    architecture: str
    built: Built | None = None
    builder: str = ""  # who is at it
    keepers: list[str] = field(default_factory=list)  # the addresses of machines that have all images
    _saved: dict[str, Future[bytes]] = field(default_factory=dict)
    _source: str = ""

    @property
    def base(self) -> str:
        """The tag of the base image; empty until there is one."""
        return self.built.base if self.built else ""

    def archives(self, tags: Iterable[str]) -> dict[str, Future[bytes]]:
        """The archives of images by tag, saved once by a machine that has them."""
        if not self._source:
            self._source = self.keepers[0]
        for tag in tags:
            if tag not in self._saved:
                self._saved[tag] = self.client.submit(
                    cargo.save,
                    tag,
                    workers=[self._source],
                    resources={SLOT: 1},
                    allow_other_workers=False,
                    pure=False,
                )
        return {tag: self._saved[tag] for tag in tags}

    def drop(self, address: str) -> None:
        """Forget a machine that is gone, and the archives that only it had."""
        self.keepers = [keeper for keeper in self.keepers if keeper != address]
        if self._source == address:
            self.release()

    def release(self) -> None:
        """Let the archives go, which no machine waits for."""
        self._source = ""
        self._saved.clear()
