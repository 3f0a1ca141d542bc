"""Start-up: containers that do next to nothing, timed from before their start until after their end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator

from harness.engine.engine import NOT_STARTED, Engine, Job
from harness.measure.accounts import accounts_of
from harness.model.journal import Image, Startup

ROUNDS = 2
MEMORY_BYTES = 2**30
TIMEOUT_S = 30.0
NO_COMMAND = "nothing"


def startups(engine: Engine, images: Iterable[Image], seed: int, known: Iterable[Startup] = ()) -> Iterator[Startup]:
    """Containers of every image that only answer `matmul info`, and empty ones; in a new random order each round.

    What is `known` from an earlier session is not measured again. An empty container is of the smallest image, whose
    program gets an unknown command and ends with its usage.
    """
    able = [image for image in images if image.info and image.weight and not image.failure]
    if not able:
        return
    smallest = min(able, key=lambda image: image.weight.unpacked_bytes if image.weight else 0)
    jobs = [(image.name, _job(engine, image, "info")) for image in able]
    empty = (None, _job(engine, smallest, NO_COMMAND))
    measured = Counter(startup.image for startup in known)
    shuffler = random.Random(seed)  # noqa: S311 (an order, not a secret)
    for number in range(ROUNDS):
        everything: list[tuple[str | None, Job]] = [each for each in (*jobs, empty) if measured[each[0]] <= number]
        for name, job in shuffler.sample(everything, len(everything)):
            ended = engine.run(job)
            if not ended.timed_out and ended.code != NOT_STARTED:
                yield Startup(image=name, container_ns=ended.elapsed_ns, accounts=accounts_of(ended))


def _job(engine: Engine, image: Image, argument: str) -> Job:
    return Job(
        image=image.tag or "",
        arguments=(argument,),
        cpus=engine.cpus()[:1],
        memory_bytes=MEMORY_BYTES,
        pids=64,
        timeout_s=TIMEOUT_S,
    )
