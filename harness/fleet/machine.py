"""What runs on a machine of a fleet, in its Dask worker: a greeting, and a whole run of its own.

Nothing here prints, and every error that a user should hear of comes back as words.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import get_worker

from harness.errors import EngineBusyError, EngineError, HarnessError, ResultsError
from harness.events import Event
from harness.files import write_whole
from harness.fleet.hosts import Host
from harness.fleet.orders import SLOT, Greeting, Order, Outcome, Terms
from harness.fleet.there import catalog_of, engine_for, options_of, swept_here, unwatched
from harness.images.identity import code_digest
from harness.store import JOURNAL
from harness.version import __version__

if TYPE_CHECKING:
    from distributed import Worker

    from harness.engine.docker import DockerEngine
    from harness.images.catalog import Catalog

LOG_BYTES = 2**16
"""Of each log, this much of its end comes back."""

_stopped: set[str] = set()


async def settle(dask_worker: Worker) -> Greeting:
    """Give the worker its slot, silence its profiler, and say what the machine is."""
    import asyncio

    if SLOT not in dask_worker.state.total_resources:
        await dask_worker.set_resources(**{SLOT: 1})
    for name, callback in dask_worker.periodic_callbacks.items():
        if name.startswith("profile"):  # it would wake a CPU a hundred times a second
            callback.stop()
    greeting = await asyncio.to_thread(_greeting, str(dask_worker.name))
    is_taken = dask_worker.state.available_resources[SLOT] < 1
    return Greeting(**{**vars(greeting), "is_taken": is_taken})


def _greeting(name: str) -> Greeting:
    try:
        engine = engine_for(f"greeting-{name}")
    except HarnessError as error:
        return Greeting(__version__, code_digest(), fault=str(error).partition("\n")[0])
    with closing(engine):
        return Greeting(__version__, code_digest(), engine.architecture(), engine.describe())


def measure(order: Order, terms: Terms) -> Outcome:
    """One whole run on this machine, or the rest of one; its journal goes to the client as it grows."""
    _stopped.discard(order.fleet)
    folder = place(order.fleet) / terms.run
    engine = engine_for(terms.run)
    try:
        # What a worker left that is gone: whoever leads the fleet knows that it is, where a process id does not tell.
        engine.clean(images=False, run=terms.run, doubtful=True)
        if not terms.known and (refused := _unfit(engine, terms)):
            return Outcome(refused=refused)
        _restore(folder, terms.known)
        sending = _Sending(order, terms.machine, folder / JOURNAL, sent=len(terms.known))
        with swept_here(engine), catalog_of(order) as catalog:
            _run(engine, order, terms, catalog, folder, sending)
    except EngineBusyError as error:
        return Outcome(refused=f"busy: {str(error).partition(chr(10))[0]}")
    except HarnessError as error:
        return Outcome(failed=str(error), **_kept(folder))
    finally:
        with suppress(Exception):
            engine.close()
    sending.send()
    return Outcome(**_kept(folder))


def _run(engine: DockerEngine, order: Order, terms: Terms, catalog: Catalog, folder: Path, sending: _Sending) -> None:
    from harness.measure.compare import compare, resume

    experiment, options = options_of(order, catalog, engine)

    def watch(_event: Event) -> None:
        sending.send()
        if order.fleet in _stopped:
            raise EngineError("interrupted from where the fleet is led")

    if (folder / JOURNAL).exists():
        if not _is_finished(folder):
            resume(experiment, engine, catalog, folder, watch, wait=terms.wait, base=terms.base)
    else:
        compare(
            experiment, engine, catalog, options, folder.parent, folder.name, watch, wait=terms.wait, base=terms.base
        )


def _is_finished(folder: Path) -> bool:
    from harness.store import load_run

    return load_run(folder)[-1].kind == "finished"


def _unfit(engine: DockerEngine, terms: Terms) -> str:
    """Why this machine should not be measured; empty where nothing speaks against it."""
    from harness.machine.doctor import examine
    from harness.machine.look import look
    from harness.measure.turn import turn

    with turn(engine, "examining the machine", unwatched, wait=terms.wait):
        machine, before, after = look(engine, terms.base, terms.idle_s)
    found = [f"differs from the fleet file: {each}" for each in Host("", facts=terms.facts).differences(machine)]
    found += [f"doctor: {each.what}" for each in examine(machine, before, after) if each.severity == "problem"]
    return "" if terms.unfit else "; ".join(found)


def stop(fleet: str) -> None:
    """Have the run of a fleet on this machine end after the container that runs now."""
    _stopped.add(fleet)


def read(fleet: str, run: str, offset: int) -> bytes:
    """A run's journal on this machine, from an offset on."""
    return (place(fleet) / run / JOURNAL).read_bytes()[offset:]


def forget(fleet: str, run: str) -> None:
    """Remove a run that has come back whole."""
    import shutil

    shutil.rmtree(place(fleet) / run, ignore_errors=True)
    with suppress(OSError):
        place(fleet).rmdir()


def place(fleet: str) -> Path:
    """Where a machine keeps its runs of a fleet until they have come back."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "harness" / "fleet" / fleet


def _restore(folder: Path, known: bytes) -> None:
    """Have the longer of two journals here: this machine's own, and what of it came back to the client."""
    journal = folder / JOURNAL
    own = journal.read_bytes() if journal.exists() else b""
    if known and not own.startswith(known):
        if not known.startswith(own):
            raise ResultsError(f"{journal} is not the journal that came back from this machine: remove it")
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        write_whole(journal, known)


def _kept(folder: Path) -> dict[str, Any]:
    """What is on this machine of a run, for the client to compare."""
    journal, logs = folder / JOURNAL, folder / "logs"
    data = journal.read_bytes() if journal.exists() else b""
    texts = {path.name: path.read_bytes()[-LOG_BYTES:] for path in sorted(logs.iterdir())} if logs.exists() else {}
    return {
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "logs": {k: v for k, v in texts.items() if v},
    }


class _Sending:
    """Sends a journal's whole lines as they are written, by an event of the worker."""

    def __init__(self, order: Order, machine: str, journal: Path, *, sent: int) -> None:
        self._journal, self._sent = journal, sent
        self._tell: Callable[[dict[str, Any]], None] = partial(get_worker().log_event, order.topic)
        self._machine = machine

    def send(self) -> None:
        """Send what is new."""
        try:
            with self._journal.open("rb") as file:
                file.seek(self._sent)
                data = file.read()
        except FileNotFoundError:
            return
        data = data[: data.rfind(b"\n") + 1]
        if data:
            self._tell({"machine": self._machine, "offset": self._sent, "data": data})
            self._sent += len(data)
