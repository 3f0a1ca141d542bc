"""Leads a fleet from the client: greets machines as they come, has images built and shipped, and has each measured.

One loop, fed by three things: workers that come and go, tasks that end, and pieces of journals. Dask moves the archives
of images from machine to machine, and starts a task only where the machine's slot is free.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal

from distributed import Client, Future
from distributed.client import ClosedClientError

from harness.errors import HarnessError
from harness.events import Event, Watch
from harness.fleet import cargo
from harness.fleet import machine as there
from harness.fleet.crew import UNSUPPLIED, Crew, Rules, fault_of
from harness.fleet.hosts import Host, Hosts
from harness.fleet.orders import SLOT, Built, Greeting, Order, Outcome, Piece, Terms
from harness.fleet.record import FleetFolder, run_name
from harness.fleet.shipments import Shipment
from harness.model.fleet import Member, Shipped
from harness.store import timestamp

ALL_TOPIC = "all"  # where Dask's scheduler tells which workers come and go
QUIET_S = 0.2
STOPPING_S = 60.0
PATIENCE_S = 60.0  # for a machine that was lost, where no other is at work: workers are started anew


@dataclass
class Lead:
    """A fleet at work. `expected`: how many machines will come, where that is known; it waits for as many."""

    client: Client
    order: Order
    hosts: Hosts
    rules: Rules
    folder: FleetFolder
    watch: Watch
    expected: int = 0
    crews: dict[str, Crew] = field(default_factory=dict)
    shipments: dict[str, Shipment] = field(default_factory=dict)
    _lost_s: float = 0.0  # when the last machine was lost
    _happened: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)

    def run(self) -> None:
        """Measure every machine that comes, until none is at work."""
        self.client.subscribe_topic(self.order.topic, self._piece)
        self.client.subscribe_topic(ALL_TOPIC, self._came_or_went)
        try:
            self._join()
            while self._next() or self._goes_on():
                pass
        except (OSError, ClosedClientError) as error:
            raise HarnessError(f"the fleet's scheduler went away: {error}") from error
        finally:
            with suppress(OSError, ClosedClientError):
                self.client.unsubscribe_topic(ALL_TOPIC)
                self.client.unsubscribe_topic(self.order.topic)

    def _goes_on(self) -> bool:
        at_work = any(crew.step != "done" for crew in self.crews.values())
        states = [self.folder.members[name].state for name in self.crews if name in self.folder.members]
        if "lost" in states and time.monotonic() < self._lost_s + PATIENCE_S:
            return True
        return at_work or len(self.folder.members) < self.expected

    def _next(self) -> bool:
        """Do what has happened next; False where nothing has for a while."""
        try:
            happened = self._happened.get(timeout=QUIET_S)
        except Empty:
            return False
        happened()
        return True

    # What happens, told by Dask's own threads.

    def _piece(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]  # to which Dask has added the worker's address
        self._happened.put(partial(self._take, Piece(told["machine"], told["offset"], told["data"])))

    def _take(self, piece: Piece) -> None:
        self.folder.take(piece)

    def _came_or_went(self, event: tuple[float, dict[str, Any]]) -> None:
        told = event[1]
        if told.get("action") == "add-worker":
            self._happened.put(self._join)
        elif told.get("action") == "remove-worker":
            self._happened.put(partial(self._lost, told["worker"]))

    def _submit(self, crew: Crew, then: Callable[[Crew, Any], None], task: Callable[..., Any], *given: Any) -> None:
        """Have a machine do something in its slot, and go on with what it answers."""
        future = crew.future = self.client.submit(
            task,
            *given,
            key=f"{task.__name__}-{crew.name}-{self.order.fleet}-{time.monotonic_ns()}",
            workers=[crew.address],
            resources={SLOT: 1},
            allow_other_workers=False,
            pure=False,
        )
        future.add_done_callback(lambda ended: self._happened.put(partial(self._ended, crew, ended, then)))

    def _ended(self, crew: Crew, future: Future[Any], then: Callable[[Crew, Any], None]) -> None:
        if crew.future is not future:
            return  # of a machine that was lost meanwhile
        if future.status == "finished":
            then(crew, future.result())
        elif future.status == "error":
            self._leave(crew, "failed" if crew.step == "measuring" else "left out", f"{future.exception()!r}")
        else:
            self._lost(crew.address)  # the scheduler ended, and nobody can say what became of it

    # A machine's way, from its greeting to the end of its run.

    def _join(self) -> None:
        """Greet the workers that are new: one of each host, where it has several."""
        workers = self.client.scheduler_info()["workers"]
        known = {crew.address for crew in self.crews.values()}
        taken = {workers[address]["host"] for address in known if address in workers}
        new = dict[str, str]()
        for address, worker in sorted(workers.items(), key=lambda item: str(item[1]["name"])):
            name = str(worker["name"]) if str(worker["name"]) != address else str(worker["host"])
            if address in known or not self._may_join(name):
                continue
            if worker["host"] in taken:
                if self.hosts.named(name):
                    self._leave(Crew(name, address), "left out", "another name of a machine that takes part")
            else:
                taken.add(worker["host"])
                new[address] = name
        if not new:
            return
        for address, name in new.items():
            member = self.folder.members.get(name)
            self.crews[name] = Crew(name, address, has_finished=member is not None and member.state == "finished")
        greetings = self.client.run(there.settle, workers=list(new), on_error="return")
        for address, name in new.items():
            self._greeted(self.crews[name], greetings.get(address))

    def _may_join(self, name: str) -> bool:
        """Not a machine that has finished or was refused in this very session."""
        crew, member = self.crews.get(name), self.folder.members.get(name)
        if crew is None:
            return True  # one that finished in an earlier session may have images for others
        return crew.step == "done" and member is not None and member.state == "lost"

    def _greeted(self, crew: Crew, greeting: Greeting | BaseException | None) -> None:
        reason = fault_of(greeting)
        if self.hosts.listed and self.hosts.named(crew.name) is None:
            reason = "the fleet file does not list it"
        if reason or not isinstance(greeting, Greeting):
            self._leave(crew, "left out", reason or "it was gone before it answered")
            return
        crew.architecture, crew.step = greeting.architecture, "waiting"
        if not crew.has_finished:
            run = self.folder.members[crew.name].run if crew.name in self.folder.members else ""
            self.folder.record(
                Member(at=timestamp(), name=crew.name, state="joined", architecture=crew.architecture, run=run)
            )
            self._say(crew, f"joined: {greeting.engine}")
        if crew.architecture not in self.shipments:
            shipped = self.folder.shipped.get(crew.architecture)
            built = Built(shipped.base, shipped.digests) if shipped else None
            self.shipments[crew.architecture] = Shipment(self.client, crew.architecture, built)
        self._supply(crew)

    def _supply(self, crew: Crew) -> None:
        """Have its images on a machine: those that all of its architecture have, or the first builds them."""
        shipment = self.shipments[crew.architecture]
        if shipment.built is None:
            if crew.has_finished:
                crew.step = "done"
            elif not shipment.builder:
                shipment.builder, crew.step = crew.name, "building"
                self._say(crew, f"builds the images for {crew.architecture}")
                self._submit(crew, self._built, cargo.build, self.order)
        elif crew.lacks is None:
            crew.step = "loading"
            self._submit(crew, self._looked, cargo.lacking, shipment.built)
        elif shipment.keepers:
            crew.step = "loading"
            self._say(crew, f"takes in {len(crew.lacks)} images")
            self._submit(crew, self._loaded, cargo.load, shipment.built, shipment.archives(crew.lacks))

    def _built(self, crew: Crew, built: Built) -> None:
        shipment = self.shipments[crew.architecture]
        shipment.builder = ""
        if built.fault:
            self._leave(crew, "left out", f"it could not build the images: {built.fault}")
            return
        shipment.built = built
        self.folder.record(
            Shipped(architecture=crew.architecture, builder=crew.name, base=built.base, digests=dict(built.digests))
        )
        for each in self._crews_of(crew.architecture):
            each.lacks = None
        self._loaded(crew, built)

    def _looked(self, crew: Crew, lacking: list[str]) -> None:
        if lacking:
            crew.lacks, crew.step = lacking, "done" if crew.has_finished else "waiting"
            self._proceed(crew.architecture)
        else:
            self._loaded(crew, Built("", {}))

    def _loaded(self, crew: Crew, built: Built) -> None:
        if built.fault:
            self._leave(crew, "left out", built.fault)
            return
        self.shipments[crew.architecture].keepers.append(crew.address)
        crew.step = "done" if crew.has_finished else "ready"
        self._proceed(crew.architecture)

    def _proceed(self, architecture: str) -> None:
        """Supply the machines that wait, and measure once none is on its way to its images: that would distort times.

        Where images are known of, and nobody has them any more, the first of those that wait builds them.
        """
        shipment = self.shipments.get(architecture)
        if shipment is None:
            return
        steps = {crew.step for crew in self._crews_of(architecture)}
        if "waiting" in steps and not steps & {"loading", "building"} and not shipment.keepers:
            shipment.built = None
        for crew in self._crews_of(architecture):
            if crew.step == "waiting":
                self._supply(crew)
        if not {crew.step for crew in self._crews_of(architecture)} & UNSUPPLIED:
            shipment.release()
            for crew in self._crews_of(architecture):
                if crew.step == "ready":
                    self._measure(crew)

    def _crews_of(self, architecture: str) -> list[Crew]:
        return [crew for crew in self.crews.values() if crew.architecture == architecture]

    def _measure(self, crew: Crew) -> None:
        host = self.hosts.named(crew.name) or Host(crew.name)
        crew.step = "measuring"
        terms = Terms(
            machine=crew.name,
            run=run_name(self.order.fleet, crew.name),
            base=self.shipments[crew.architecture].base,
            facts=dict(host.facts),
            unfit=self.rules.unfit,
            wait=self.rules.wait,
            idle_s=self.rules.idle_s,
            known=self.folder.journal_of(crew.name),
        )
        self.folder.tell(crew.name, "measuring")
        self._say(crew, "continues its run" if terms.known else "is measured")
        self._submit(crew, self._measured, there.measure, self.order, terms)

    def _measured(self, crew: Crew, outcome: Outcome) -> None:
        if outcome.refused:
            self._leave(crew, "left out", outcome.refused)
            return
        if not self.folder.is_whole(crew.name, outcome):
            self._fetch(crew)
        self.folder.keep_logs(crew.name, outcome.logs)
        if outcome.failed:
            self._leave(crew, "failed", outcome.failed)
        elif not self.folder.is_whole(crew.name, outcome):
            self._leave(crew, "failed", "what came back of its journal is not what it wrote")
        else:
            run = run_name(self.order.fleet, crew.name)
            self.client.run(there.forget, self.order.fleet, run, workers=[crew.address], on_error="ignore")
            crew.step = "done"
            self.folder.tell(crew.name, "finished")
            self._settled(crew, "finished")

    def _fetch(self, crew: Crew) -> None:
        """Get what no event brought: events are dropped where a client was away."""
        known = len(self.folder.journal_of(crew.name))
        run = run_name(self.order.fleet, crew.name)
        found = self.client.run(there.read, self.order.fleet, run, known, workers=[crew.address], on_error="return")
        if isinstance(data := found.get(crew.address), bytes):
            self.folder.take(Piece(crew.name, known, data))

    # A machine's ends.

    def _leave(self, crew: Crew, state: Literal["left out", "failed"], reason: str) -> None:
        crew.step, crew.future = "done", None
        if not crew.has_finished:
            self.folder.tell(crew.name, state, reason)
            self._settled(crew, f"{state}: {reason}")
        self._proceed(crew.architecture)

    def _lost(self, address: str) -> None:
        """Keep what a machine measured that is gone; others must not wait for what it had."""
        crew = next((each for each in self.crews.values() if each.address == address), None)
        for shipment in self.shipments.values():
            shipment.drop(address)
        if crew is None:
            return
        step, crew.step, crew.future = crew.step, "done", None
        if step != "done" and not crew.has_finished:
            self._lost_s = time.monotonic()
            self.folder.tell(crew.name, "lost", "its worker ended, or the network to it did")
            self._settled(crew, "lost: what it measured is kept; it goes on where it comes back")
        if step == "building":
            self.shipments[crew.architecture].builder = ""
        for each in self._crews_of(crew.architecture):
            if each.step == "loading":  # what was on its way from the machine that is gone may never come
                each.step, each.future, each.lacks = "waiting", None, None
        self._proceed(crew.architecture)

    def sweep(self) -> None:
        """Have the machines that are at work end after their present container."""
        busy = [crew.address for crew in self.crews.values() if crew.step != "done"]
        if not busy:
            return
        self.client.run(there.stop, self.order.fleet, workers=busy, on_error="ignore")
        deadline = time.monotonic() + STOPPING_S
        while any(crew.step != "done" for crew in self.crews.values()) and time.monotonic() < deadline:
            self._next()

    def _say(self, crew: Crew, text: str) -> None:
        self.watch(Event("prepare", f"{crew.name}: {text}"))

    def _settled(self, crew: Crew, text: str) -> None:
        done = sum(each.step == "done" for each in self.crews.values())
        self.watch(Event("measured", f"{crew.name}: {text}", done, len(self.crews)))
