"""What an image answers when it is asked what was built into it, and whether its manifest says the same."""

from __future__ import annotations

from pydantic import ValidationError

from harness.engine.engine import Engine, Exit, Job
from harness.errors import ProtocolError
from harness.model.manifests import Held, Info, Traits

INFO_TIMEOUT_S = 30.0
INFO_MEMORY_BYTES = 2**30


def ask(engine: Engine, tag: str) -> Exit:
    """Run an image that only answers what was built into it."""
    job = Job(
        image=tag,
        arguments=("info",),
        cpus=engine.cpus()[:1],
        memory_bytes=INFO_MEMORY_BYTES,
        pids=64,
        timeout_s=INFO_TIMEOUT_S,
    )
    return engine.run(job)


def info_of(answer: Exit) -> Info:
    """What an image answered. Raises ProtocolError where that breaks the contract."""
    if answer.code:
        said = answer.stderr.decode("utf-8", errors="replace").strip()[:200]
        raise ProtocolError(f"`matmul info` ended with exit code {answer.code}: {said}")
    return parse_info(answer.stdout)


def parse_info(stdout: bytes) -> Info:
    """The answer of `matmul info`. Raises ProtocolError where it is not as the contract has it."""
    try:
        return Info.model_validate_json(stdout)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole answer"
        raise ProtocolError(f"`matmul info` breaks the contract at {where}: {first['msg']}") from error


def mismatches(rung: Held, info: Info) -> list[str]:
    """Where a manifest and what was really built differ, in words."""
    built = info.rungs.get(rung.name)
    if built is None:
        return [f"the image has no rung {rung.name}"]
    return [
        f"{field}: the manifest says {declared!r}, the image was built with {really!r}"
        for field in Traits.model_fields
        if (declared := getattr(rung, field)) != (really := getattr(built, field))
    ]
