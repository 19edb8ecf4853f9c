"""Requests that overlap: which goes on when, and what goes wrong, is a list of choices.

Each request runs in a thread of its own, and only one of them runs at a time. At every call of the
store and of the connections a choice is made who goes on, and whether the call fails. The choices
of a run are all there is to it: the same choices are the same run, and trying every list of them is
trying every schedule.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any, TypeVar, cast

from backend.core.ports import Busy, Store
from backend.local.store_wrapper import StoreWrapper
from tests.backend.memory import MemoryConnections

T = TypeVar("T")
Deed = Callable[[], object]

READS = frozenset({"load", "lobby", "games_of"})
TOGETHER = "save_together"


class Choices:
    """The choices of one run: those given, then the first of each, or drawn by ``chance``."""

    def __init__(self, given: Sequence[int] = (), chance: Random | None = None) -> None:
        self._given = given
        self._chance = chance
        self.made: list[int] = []
        self._options: list[int] = []

    def pick(self, options: int) -> int:
        """One of so many; the first is that nothing special happens."""
        place = len(self.made)
        if place < len(self._given):
            choice = self._given[place]
        else:
            choice = self._chance.randrange(options) if self._chance else 0
        self.made.append(choice)
        self._options.append(options)
        return choice

    def following(self, surprises: int) -> list[int] | None:
        """The choices of the next run, when every run is to be tried; None after the last."""
        for place in reversed(range(len(self.made))):
            before = self.made[:place]
            is_bearable = sum(map(bool, before)) < surprises
            if is_bearable and self.made[place] + 1 < self._options[place]:
                return [*before, self.made[place] + 1]
        return None


def every(surprises: int) -> Iterator[Choices]:
    """The choices of run after run; each is run before the next.

    They are all there are with so many choices at most that are not the first. One surprise lets a
    request run in the middle of another, at any step; most faults need no more than two.
    """
    given: list[int] | None = []
    while given is not None:
        choices = Choices(given)
        yield choices
        given = choices.following(surprises)


class Task:
    """A deed in a thread of its own, which goes on when it is told to."""

    def __init__(self, deed: Deed, tasks: "Tasks") -> None:
        self._deed = deed
        self._tasks = tasks
        self._go = threading.Semaphore(0)
        self.error: BaseException | None = None
        self.is_done = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    def step(self) -> None:
        """Runs up to the next point of choice, or to the end."""
        if not self.thread.ident:
            self.thread.start()
        self._go.release()

    def wait(self) -> None:
        self._go.acquire()

    def _run(self) -> None:
        self.wait()
        try:
            self._deed()
        except BaseException as error:  # noqa: BLE001 (raised again by whoever runs the tasks)
            self.error = error
        self.is_done = True
        self._tasks.give_back()


class Tasks:
    """Deeds that run at once, one step at a time."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self._back = threading.Semaphore(0)
        self._current: Task | None = None

    def point(self) -> None:
        """Whoever calls this may have to wait for others here."""
        task = self._current
        if task is not None and task.thread is threading.current_thread():
            self.give_back()
            task.wait()

    def give_back(self) -> None:
        self._back.release()

    def run(self, deeds: Sequence[Deed]) -> None:
        """Runs all these deeds to their ends."""
        tasks = [Task(deed, self) for deed in deeds]
        left = list(tasks)
        while left:
            chosen = left.pop(self._choices.pick(len(left)) if len(left) > 1 else 0)
            self._current = chosen
            chosen.step()
            self._back.acquire()
            if not chosen.is_done:
                # Who went on last is the first choice: it goes on unless something happens.
                left.insert(0, chosen)
        self._current = None
        for task in tasks:
            task.thread.join()
            if task.error is not None:
                raise task.error


class FaultyStore(StoreWrapper):
    """Every call is a point of choice, and ``faults`` of them may fail.

    A change can be applied and answered late, answered `Busy` unapplied, or applied twice with the
    second answer returned, as a library's own repeat does; of a transaction that repeat is known by
    its token and changes nothing. A read can be answered `Busy`.
    """

    def __init__(
        self, store: Store, tasks: Tasks, choices: Choices, faults: int, check: Deed
    ) -> None:
        super().__init__(store)
        self._tasks = tasks
        self._choices = choices
        self.faults = faults
        self._check = check

    def _pass(self, call: Callable[[], T]) -> T:
        self._tasks.point()
        try:
            return self._call(cast("partial[T]", call).func.__name__, call)
        finally:
            self._check()

    def _call(self, name: str, call: Callable[[], T]) -> T:
        kinds = ["busy"] if name in READS else ["late", "busy"]
        if name not in READS and name != TOGETHER:
            kinds.append("twice")
        drawn = self._choices.pick(1 + len(kinds)) if self.faults else 0
        if not drawn:
            return call()
        self.faults -= 1
        match kinds[drawn - 1]:
            case "busy":
                raise Busy
            case "late":
                self._quietly(call)
                raise Busy
            case _:
                self._quietly(call)
                return call()

    def _quietly(self, call: Callable[[], Any]) -> None:
        with suppress(Exception):  # whatever it was answered is not heard
            call()


class PointedConnections(MemoryConnections):
    """Connections to which every post, and every look, is a point of choice."""

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks

    def post(self, connection: str, frame: str) -> None:
        self._tasks.point()
        super().post(connection, frame)

    def is_there(self, connection: str) -> bool:
        self._tasks.point()
        return super().is_there(connection)
