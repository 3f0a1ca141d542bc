"""What `--fleet` names: a Dask scheduler, a file of hosts, or Slurm's options. Reads files, and connects to nothing."""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from harness.errors import UsageError
from harness.model.journal import Machine

SLURM = "slurm:"
SCHEDULER = "scheduler"
ADDRESSES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
ENCRYPTED = ("tls://", "wss://")
CONNECTION = {"user": "username", "port": "port", "key": "client_keys", "known_hosts": "known_hosts"}
"""What a fleet file may say of how to reach a host over SSH, and what asyncssh calls it."""

INTERPRETER = "interpreter"  # the Python of harness on a host, where its path is another than here

FACTS = ("cpu", "architecture", "cores", "memory_gib", "kernel")
"""What a fleet file may say of a machine, which is left out where it is otherwise."""

KNOWN = (*CONNECTION, INTERPRETER, *FACTS)


@dataclass(frozen=True)
class Host:
    """One line of a fleet file: a machine's name, how to reach it, and what it is said to be."""

    name: str
    connection: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def differences(self, machine: Machine) -> list[str]:
        """What of a machine is not as its line says, in words."""
        found = {
            "cpu": machine.cpu,
            "architecture": machine.architecture,
            "cores": str(machine.cores),
            "memory_gib": str(round(machine.memory_bytes / 2**30)),
            "kernel": machine.kernel,
        }
        return [
            f"{fact} is {found[fact]}, not {said}"
            for fact, said in self.facts.items()
            if not _agrees(found[fact], said)
        ]


def _agrees(found: str, said: str) -> bool:
    """A CPU's name may be said in part: the kernel adds its family, model and stepping."""
    return found == said or (not said.isdigit() and found.startswith(said))


@dataclass(frozen=True)
class Hosts:
    """Where the machines of a fleet come from: a scheduler that runs, hosts to reach over SSH, or Slurm."""

    text: str
    scheduler: str = ""
    listed: tuple[Host, ...] = ()
    slurm: Mapping[str, str] | None = None

    def named(self, name: str) -> Host | None:
        """What the fleet file says of a machine; None where it does not list it, or there is no such file."""
        return next((host for host in self.listed if host.name == name), None)


def hosts_of(text: str) -> Hosts:
    """What `--fleet` names. Raises UsageError where it is none of the three, or a line of a file is wrong."""
    if text.startswith(SLURM):
        return Hosts(text, slurm=_options(text.removeprefix(SLURM)))
    if text.startswith(ADDRESSES):
        return Hosts(text, scheduler=text)
    try:
        lines = Path(text).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--fleet {text}: not a readable file of hosts ({error}), a scheduler's address "
            "(tls://host:8786) or slurm: with options"
        ) from error
    return _listed(text, lines)


def _listed(text: str, lines: list[str]) -> Hosts:
    scheduler, hosts = "", dict[str, Host]()
    for number, line in enumerate(lines, start=1):
        where = f"{text}, line {number}"
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error
        if not words:
            continue
        if words[0].startswith(f"{SCHEDULER}="):
            scheduler = words[0].partition("=")[2]
        elif words[0] in hosts:
            raise UsageError(f"{where}: {words[0]} is listed twice, and never two runs are on one machine")
        else:
            hosts[words[0]] = _host(where, words)
    if not hosts and not scheduler:
        raise UsageError(f"{text} lists no host")
    return Hosts(text, scheduler, tuple(hosts.values()))


def _host(where: str, words: list[str]) -> Host:
    said = dict(word.partition("=")[::2] for word in words[1:])
    if unknown := sorted(said.keys() - set(KNOWN)):
        raise UsageError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(KNOWN)}")
    return Host(
        words[0],
        {name: value for name, value in said.items() if name not in FACTS},
        {name: value for name, value in said.items() if name in FACTS},
    )


def _options(text: str) -> dict[str, str]:
    pairs = [pair.strip().partition("=") for pair in text.split(",") if pair.strip()]
    if wrong := [name for name, equals, value in pairs if not equals or not value]:
        raise UsageError(f"--fleet {SLURM}{text}: {', '.join(wrong)}: write name=value, comma-separated")
    found = {name: value for name, _, value in pairs}
    if not found.get("machines", "").isdigit():
        raise UsageError(f"--fleet {SLURM}{text}: say how many machines to ask for: {SLURM}machines=4,queue=…")
    return found


def check_encrypted(address: str, *, insecure: bool) -> None:
    """Raise UsageError for a scheduler that anybody on the network could give code to, unless `insecure`.

    One without TLS is only used on the loopback, where this machine's own users reach it.
    """
    if insecure or address.startswith(ENCRYPTED) or _is_loopback(urlsplit(address).hostname or ""):
        return
    raise UsageError(
        f"the scheduler {address} does not use TLS: whoever reaches it could run code on every machine of it, and "
        "change what is measured.\nStart it with certificates (tls://), or say --insecure on a network that you trust."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
