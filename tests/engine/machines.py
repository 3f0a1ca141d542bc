"""Machines of a fleet, each in namespaces of its own: a network address, processes, mounts, a host name, a CPU and, if
it is to have one, a container engine with a data root. One can lose its power and come back.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from distributed import Security

NETWORK = "198.18.0"  # of a range that is for benchmarks
LEADER = f"{NETWORK}.1"
PATIENCE_S = 60
APART = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc"]
SWITCH = (  # its address is set: it would be the lowest of those plugged in, and change as machines come and go
    "ip link set lo up; ip link add br0 address 02:00:00:00:00:01 type bridge; "
    f"ip addr add {LEADER}/24 dev br0; ip link set br0 up; echo up; "
)

MACHINE = """
set -eu
hostname "$NAME"
ip link set lo up
while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip addr add "$ADDRESS/24" dev eth0
ip link set eth0 up
if [ -n "$ENGINE" ]; then
  rm -rf "$FOLDER/exec" "$FOLDER/pid" "$FOLDER/engine.sock"
  dockerd --host="unix://$FOLDER/engine.sock" --data-root="$FOLDER/data" --exec-root="$FOLDER/exec" \
    --pidfile="$FOLDER/pid" --bridge=none --iptables=false --ip-masq=false >>"$FOLDER/log" 2>&1 &
  while ! docker version >/dev/null 2>&1; do sleep 0.1; done
fi
exec taskset --cpu-list "$CPU" "$@"  # an engine that is kept to a CPU would number it 0
"""


def until(is_so: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait for something."""
    deadline = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Rack:
    """A network, a scheduler with TLS in it, and machines."""

    folder: Path
    switch: subprocess.Popen[bytes] = field(init=False)
    scheduler: subprocess.Popen[bytes] | None = None
    machines: list[Machine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.switch = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", f"{SWITCH} exec sleep infinity"], stdout=subprocess.PIPE
        )
        assert self.switch.stdout
        self.switch.stdout.readline()
        self._certify()
        command = [*self.inside, sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", self.address]
        command += ["--no-dashboard", "--no-show"]
        with (self.folder / "scheduler.log").open("wb") as log:
            self.scheduler = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        until(lambda: b"Scheduler at" in (self.folder / "scheduler.log").read_bytes())

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return f"tls://{LEADER}:8786"

    @property
    def inside(self) -> list[str]:
        """What a command is run by in the rack's network."""
        return ["nsenter", "--net", "--target", str(self.switch.pid)]

    @property
    def environment(self) -> Mapping[str, str]:
        """Where Dask finds the certificate."""
        pem = str(self.folder / "dask.pem")
        names = [
            "CA_FILE",
            *(f"{role}__{part}" for role in ("SCHEDULER", "WORKER", "CLIENT") for part in ("KEY", "CERT")),
        ]
        return {**os.environ, **{f"DASK_DISTRIBUTED__COMM__TLS__{name}": pem for name in names}}

    def _certify(self) -> None:
        own = Security.temporary().get_tls_config_for_role("scheduler")
        (self.folder / "dask.pem").write_text(f"{own['key']}{own['cert']}")

    def machine(self, name: str) -> Machine:
        """One more, which is off."""
        machine = Machine(self, name, f"{NETWORK}.{len(self.machines) + 11}", self.folder / name)
        machine.folder.mkdir()
        self.machines.append(machine)
        return machine

    def close(self) -> None:
        """Switch all of it off, and print what it logged: a test that failed shows it."""
        for machine in self.machines:
            machine.kill()
        for log in (self.folder / "scheduler.log", *(machine.folder / "log" for machine in self.machines)):
            if log.exists():
                print(f"{log}:", log.read_text(errors="replace"), sep="\n")
        for process in (self.scheduler, self.switch):
            if process:
                process.kill()
                process.wait()
        if self.switch.stdout:
            self.switch.stdout.close()


@dataclass
class Machine:
    """One machine of a rack."""

    rack: Rack
    name: str
    address: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, *, engine: bool = True) -> None:
        """Switch it on: its engine, if it has one, and a Dask worker."""
        number = self.rack.machines.index(self)
        cpus = sorted(os.sched_getaffinity(0))
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", self.rack.address, "--name", self.name]
        worker += ["--host", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"]
        worker += ["--local-directory", str(self.folder / "dask")]
        command = [*APART, "sh", "-c", MACHINE, "sh", *worker]
        environment = {
            **self.rack.environment,
            "NAME": self.name,
            "CPU": str(cpus[number % len(cpus)]),
            "ADDRESS": self.address,
            "FOLDER": str(self.folder),
            "ENGINE": "yes" if engine else "",
            "DOCKER_HOST": self.engine,
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        self._plug_in(self.process.pid, number)

    def _plug_in(self, pid: int, number: int) -> None:
        here = os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116
        until(lambda: os.stat(f"/proc/{pid}/ns/net").st_ino != here)  # noqa: PTH116
        cable = f"to{number}x{pid}"[:15]
        pair = ["ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", str(pid)]
        pair += ["address", f"02:00:00:00:01:{number:02x}"]  # it comes back as itself
        subprocess.run([*self.rack.inside, *pair], check=True)
        subprocess.run([*self.rack.inside, "ip", "link", "set", cable, "master", "br0", "up"], check=True)

    @property
    def engine(self) -> str:
        """The address of its engine."""
        return f"unix://{self.folder}/engine.sock"

    def wait_for_engine(self) -> None:
        """Until its engine answers."""
        version = ["docker", "--host", self.engine, "version"]
        until(lambda: subprocess.run(version, capture_output=True, check=False).returncode == 0)

    def joined(self) -> bool:
        """Whether its worker has found the scheduler."""
        return b"Registered to" in (self.folder / "log").read_bytes()

    def kill(self) -> None:
        """Cut its power: worker, engine and containers end by SIGKILL, all at once."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None
