"""From what `--fleet` names to a Dask client: a scheduler that runs already, or workers that we start, with TLS."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
from distributed import Client, Security, SpecCluster

from harness.errors import HarnessError, UsageError
from harness.fleet.hosts import Hosts, check_encrypted
from harness.fleet.orders import SLOT
from harness.fleet.workers import UNSEEN, Absent

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
            from harness.fleet.ssh import await_workers, reached

            with reached(hosts.listed, Security.temporary(), absent) as cluster, _client(cluster) as client:
                await_workers(cluster, client, CONNECT_S)
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


def _kept_in(folder: Path) -> Security:
    """A certificate of this run's own, in a file that only the user of this machine and of the jobs can read."""
    pem, own = folder / "dask.pem", Security.temporary().get_tls_config_for_role("worker")
    pem.touch(mode=0o600)
    pem.write_text(f"{own['key']}{own['cert']}", encoding="ascii")
    roles = {f"tls_{role}_{part}": str(pem) for role in ("client", "scheduler", "worker") for part in ("key", "cert")}
    return Security(require_encryption=True, tls_ca_file=str(pem), **roles)


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
                security=_kept_in(Path(folder)),
                shared_temp_directory=folder,
                scheduler_options=UNSEEN,
                job_extra_directives=["--exclusive", "--nodes=1"],
                worker_extra_args=["--resources", f"{SLOT}=1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"],
                log_directory=folder,
                **said,
            ) as cluster,
        ):
            cluster.scale(jobs=machines)
            yield cluster
    except (TypeError, ValueError) as error:
        raise UsageError(f"--fleet slurm: {error}") from error
