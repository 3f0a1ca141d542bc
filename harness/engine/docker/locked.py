"""How a container is locked down: everything that it may use, and nothing that its image asks for beside."""

from __future__ import annotations

from typing import Any, Literal

from docker.models.containers import Container
from docker.types import LogConfig, Mount, Ulimit

from harness.engine.docker.account import Parent
from harness.engine.docker.flavours import Flavour
from harness.engine.engine import Job
from harness.engine.outputs import USER

LOG_BYTES = 2**24
LOOPBACK = "127.0.0.1"
SLACK_BYTES = 2**16
"""By which a file may exceed the output: calls that copy until they find an end ask for more than they write, and files
in shared memory (semaphores and the like) have the same limit, though the output be smaller.
"""


def locked(job: Job, out: str | None, flavour: Flavour, parent: Parent | None = None) -> dict[str, Any]:
    """What an engine is told of a job's container, whose output is in a volume of this name, below a control group."""
    mounts = [mounted("/data", job.inputs, read_only=True)] if job.inputs else []
    if out:
        mounts.append(mounted("/out", out))
    return {
        "image": job.image,
        "command": list(job.arguments),
        "entrypoint": list(job.entrypoint) if job.entrypoint else None,
        "mounts": mounts,
        "network_mode": job.network or ("bridge" if job.published else "none"),
        "ports": {f"{it.of_container}/tcp": (LOOPBACK, it.port)} if (it := job.published) else {},
        "read_only": True,
        "tmpfs": flavour.covered(),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"] + ([] if job.seccomp else ["seccomp=unconfined"]),
        "user": f"{USER}:{USER}",
        "cpuset_cpus": ",".join(map(str, job.cpus)),
        "mem_limit": job.memory_bytes,
        "memswap_limit": job.memory_bytes,
        "pids_limit": job.pids,
        "cgroup_parent": parent.name if parent else None,
        "ulimits": [_limit("core", 0), *_file_limit(job), *(_limit(*each) for each in flavour.limits.items())],
        "healthcheck": {"test": ["NONE"]},
        "log_config": LogConfig(type="json-file", config={"max-size": str(LOG_BYTES), "max-file": "1"}),
    }


def mounted(path: str, volume: str, *, read_only: bool = False) -> Mount:
    """A volume at its place, empty but for what we put there: without more, Docker copies the image's own files."""
    return Mount(path, volume, type="volume", read_only=read_only, no_copy=True)


def unasked_volumes(container: Container, job: Job) -> str:
    """Why a created container is not to be started: volumes that its image asks for have no limit. Empty if it is."""
    ours = {*(["/data"] if job.inputs else []), *(["/out"] if job.output else [])}
    unasked = sorted(
        {str(mount["Destination"]) for mount in container.attrs["Mounts"] if mount["Type"] == "volume"} - ours
    )
    named = ", ".join(unasked)
    return f"its image declares a VOLUME, which programs could fill without limit: {named}" if named else ""


def heard(container: Container, stream: Literal["stdout", "stderr"]) -> bytes:
    """What a container printed, and no more of it than is to be kept, whatever the engine keeps."""
    said = bytearray()
    other = {"stdout": stream == "stdout", "stderr": stream == "stderr"}
    for chunk in container.logs(stream=True, follow=False, **other):
        said += chunk[: LOG_BYTES - len(said)]
    return bytes(said)


def _file_limit(job: Job) -> list[Ulimit]:
    """Nothing but an output is on a disk: what else a program can write to is memory, and counted as its own."""
    return [_limit("fsize", job.output.size_bytes + SLACK_BYTES)] if job.output else []


def _limit(name: str, value: int) -> Ulimit:
    return Ulimit(name=name, soft=value, hard=value)
