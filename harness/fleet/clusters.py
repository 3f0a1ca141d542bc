"""From what `--fleet` names to a Dask client: a scheduler that runs already, or workers that we start, with TLS."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dask
from distributed import Client, Security, SpecCluster

from harness.errors import HarnessError, UsageError
from harness.fleet.hosts import Hosts, check_encrypted
from harness.fleet.orders import SLOT
from harness.fleet.workers import Absent

CONNECT_S = 30
SLURM_DEFAULTS = {"cores": "1", "memory": "8GB", "walltime": "08:00:00"}


@dataclass(frozen=True)
class Connected:
    """A client, and how many machines are to come; 0 where nobody knows."""

    client: Client
    expected: int


@contextmanager
def connected(hosts: Hosts, absent: Absent, *, insecure: bool = False) -> Iterator[Connected]:
    """A client of the fleet's scheduler; what we started ends with the block.

    Raises UsageError for a scheduler without TLS, HarnessError where none answers or none can be started.
    """
    with dask.config.set({"distributed.worker.profile.enabled": False}):
        if hosts.scheduler:
            check_encrypted(hosts.scheduler, insecure=insecure)
            with _client(hosts.scheduler) as client:
                yield Connected(client, 0)
        elif hosts.slurm is not None:
            with _slurm(hosts.slurm) as cluster, _client(cluster) as client:
                yield Connected(client, int(hosts.slurm["machines"]))
        else:
            from harness.fleet.ssh import reached

            with reached(hosts.listed, Security.temporary(), absent) as cluster, _client(cluster) as client:
                yield Connected(client, 0)


@contextmanager
def _client(of: str | SpecCluster) -> Iterator[Client]:
    address = of if isinstance(of, str) else of.scheduler_address
    try:
        client = Client(of, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise HarnessError(
            f"the fleet's scheduler at {address} does not answer: {error}.\n"
            "Where it uses TLS, Dask's configuration names the certificates (distributed.comm.tls)."
        ) from error
    try:
        yield client
    finally:
        client.close()


@contextmanager
def _slurm(options: Mapping[str, str]) -> Iterator[SpecCluster]:
    """Machines of Slurm's, one job on each and no other beside it."""
    from dask_jobqueue.slurm import SLURMCluster

    said: dict[str, Any] = {**SLURM_DEFAULTS, **options}
    machines, shared = int(said.pop("machines")), said.pop("shared", None)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="harness-fleet-", dir=shared) as folder,
            SLURMCluster(
                cores=int(said.pop("cores")),
                processes=1,
                security=Security.temporary(),
                shared_temp_directory=folder,
                scheduler_options={"dashboard": False},
                job_extra_directives=["--exclusive", "--nodes=1"],
                worker_extra_args=["--resources", f"{SLOT}=1", "--memory-limit", "0"],
                log_directory=folder,
                **said,
            ) as cluster,
        ):
            cluster.scale(jobs=machines)
            yield cluster
    except (TypeError, ValueError) as error:
        raise UsageError(f"--fleet slurm: {error}") from error
