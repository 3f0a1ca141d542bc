"""Workers on hosts that are reached over SSH: Dask's own, with certificates that only they and this process have."""

from __future__ import annotations

import secrets
import shlex
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import asyncssh
import dask
from distributed import Client, Scheduler, Security, SpecCluster
from distributed.core import Status
from distributed.deploy.ssh import Worker

from harness.errors import HarnessError
from harness.fleet.hosts import CONNECTION, INTERPRETER, Host
from harness.fleet.workers import UNSEEN, WORKER, Absent

SSH_PORT = 22


class Reached(Worker):
    """Dask's worker over SSH, which is given the run's certificate first; one that fails never costs the others."""

    def __init__(self, scheduler: str, *, folder: str, pem: str, absent: Absent, **options: Any) -> None:
        super().__init__(scheduler, **options)
        self._folder, self._pem, self._absent = folder, pem, absent
        self.comes = True

    async def start(self) -> None:
        """Write the certificate where only the host's user can read it, then start the worker.

        It goes through standard input: a command line can be read by everybody on the host.
        """
        folder = shlex.quote(self._folder)
        try:
            async with asyncssh.connect(self.address, **self.connect_options) as connection:
                keep = f"umask 077 && mkdir {folder} && cat > {folder}/dask.pem"
                await connection.run(keep, input=self._pem, check=True)
            await super().start()
        except Exception as error:  # noqa: BLE001 (whatever it is, the other machines go on)
            self._absent(str(self.name), f"its worker could not be started over SSH: {error}")
            self.comes = False
            self.status = Status.running  # as far as Dask is concerned; no worker of its name will come

    async def close(self) -> None:
        """End the worker, and leave no certificate."""
        if self.connection:
            with suppress(Exception):
                await self.connection.run(f"rm -rf {shlex.quote(self._folder)}")
        await super().close()


@contextmanager
def reached(hosts: Sequence[Host], security: Security, absent: Absent) -> Iterator[SpecCluster]:
    """A cluster of a worker on each host, and a scheduler in this process. Raises HarnessError where none can start."""
    folder = f"/tmp/harness-fleet-{secrets.token_hex(16)}"  # noqa: S108 (nobody can foresee it, and mkdir refuses one that exists)
    pem = f"{folder}/dask.pem"
    tls = {"ca-file": pem, "worker": {"key": pem, "cert": pem}}
    own_tls = security.get_tls_config_for_role("worker")
    common = {"folder": folder, "pem": f"{own_tls['key']}{own_tls['cert']}", "absent": absent}
    workers = {host.name: {"cls": Reached, "options": {**_options(host), **common}} for host in hosts}
    own = {"host": own_address(hosts), "protocol": "tls://", "security": security, "port": 0, **UNSEEN}
    with dask.config.set({"distributed.comm.tls": tls, "distributed.comm.require-encryption": True}):
        try:
            cluster = SpecCluster(
                workers=workers,
                scheduler={"cls": Scheduler, "options": own},
                security=security,
                name="harness-fleet",
                silence_logs=False,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            raise HarnessError(f"the fleet's scheduler cannot be started here: {error}") from error
        with cluster:
            yield cluster


def await_workers(cluster: SpecCluster, client: Client, timeout_s: float) -> None:
    """Wait until the scheduler knows the workers that were started: they say that they run before it does."""
    coming = sum(worker.comes for worker in cluster.workers.values())
    if coming:
        with suppress(TimeoutError):  # one that ended at once is not waited for longer
            client.wait_for_workers(coming, timeout=timeout_s)


def _options(host: Host) -> dict[str, Any]:
    said: dict[str, Any] = {CONNECTION[name]: value for name, value in host.connection.items() if name in CONNECTION}
    if "port" in said:
        said["port"] = int(said["port"])
    return {
        "address": host.name,
        "connect_options": said,
        "kwargs": {**WORKER, "name": host.name, "protocol": "tls"},
        "remote_python": host.connection.get(INTERPRETER),
    }


def own_address(hosts: Sequence[Host]) -> str:
    """The address of this machine as the first host that has one sees it; no packet is sent."""
    for host in hosts:
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host.name, SSH_PORT))
            return str(probe.getsockname()[0])
    raise HarnessError(f"none of the fleet's hosts has an address here: {', '.join(host.name for host in hosts)}")
