"""The conformance kit: true to a server that keeps its promises, and to one that does not."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from backend.core.service import Service
from backend.handlers.clock import SystemClock
from backend.handlers.entry import Handler
from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from tests.backend.memory import Counts, MemoryStore
from tests.proofs.counts import count
from tui.__main__ import main
from tui.conformance import frames, kit, moves, report, seats
from tui.conformance.desk import Promise
from tui.conformance.report import Result

SLOW = count(0, 1)
Change = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None]
"""Makes a wrong reply out of a request and its right one."""


def server(
    store: MemoryStore, change: Change | None = None
) -> AbstractAsyncContextManager[Gateway]:
    """A gateway, whose replies are changed before they are sent."""
    serving: dict[str, Any] = {"limits": Limits(rate=0)}
    if change is None:
        return serve(store, **serving)
    inner: list[Handler] = []

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        response = inner[0](event)
        if "body" not in response:
            return response
        changed = change(json.loads(event["body"]), json.loads(response["body"]))
        return {"statusCode": 200} | ({} if changed is None else {"body": json.dumps(changed)})

    def make(*arguments: Any) -> Gateway:
        gateway = Gateway(*arguments)
        inner.append(Handler(Service(store, gateway.connections, SystemClock(), Counts())))
        return gateway

    return serve(store, invoke=invoke, make=make, **serving)


async def reported(url: str, *tried: Promise) -> list[Result]:
    """What became of these promises, or of all."""
    chosen = [(part, each) for part, each in kit.promises() if not tried or each in tried]
    found = kit.results(url, chosen, patience=1 if tried else 10, slow=bool(SLOW))
    return [result async for result in found]


async def test_a_server_of_ours_keeps_every_promise() -> None:
    """The embedded gateway keeps each promise that is tried, and no game is left behind."""
    store = MemoryStore()
    async with server(store) as gateway:
        found = await reported(gateway.url)
    assert [result for result in found if result.verdict == "broken"] == []
    assert [result.name for result in found if result.verdict == "not tried"] == (
        [] if SLOW else ["claims_by_the_clock", "claims_by_absence"]
    )
    assert {game.phase for game in store.games.values()} <= {"finished", "cancelled"}


def forgets_refs(_request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name != "ref"}


def shifts_marks(_request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    return reply | {"mark": "o"} if reply["type"] == "init" else reply


def takes_stale_moves(request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    if reply.get("code") != "stale":
        return reply
    extra = {"type": "play", "mark": "o", "tile": request["tile"]}
    return {name: reply[name] for name in ("id", "ref", "game", "now")} | extra


def keeps_silent(request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any] | None:
    return None if request["type"] == "resign" else reply


def invents_fields(_request: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
    return reply | {"game": {**reply["game"], "moves": "00"}} if "game" in reply else reply


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (forgets_refs, frames.copies_the_ref),
        (shifts_marks, seats.starts_a_game),
        (takes_stale_moves, moves.judges_in_order),
        (keeps_silent, moves.resigns),
        (invents_fields, moves.plays),
    ],
)
async def test_a_broken_promise_is_reported(change: Change, promise: Promise) -> None:
    """A server that is wrong in one way is told so, with what it did instead."""
    async with server(MemoryStore(), change) as gateway:
        [found] = await reported(gateway.url, promise)
    assert found.verdict == "broken"
    assert found.why


async def test_the_changed_servers_are_otherwise_right() -> None:
    """The promise that a change does not touch is kept by the changed server, too."""
    async with server(MemoryStore(), shifts_marks) as gateway:
        [found] = await reported(gateway.url, frames.copies_the_ref)
    assert (found.verdict, found.why) == ("kept", "")


def test_every_promise_is_a_sentence() -> None:
    """A promise has a name of its own and is said in one sentence."""
    promises = [promise for _, promise in kit.promises()]
    assert len({getattr(each, "__name__", "") for each in promises}) == len(promises)
    for each in promises:
        assert (each.__doc__ or "").strip().endswith(".")


RESULTS = (
    Result("frames", "one", "One is kept.", "kept", 0.25),
    Result("moves", "two", "Two is kept.", "broken", 1, "it was <not>"),
    Result("moves", "three", "Three is kept.", "not tried", why="it takes long"),
)


def test_the_report_in_words() -> None:
    """Each promise is a line, and what was wrong stands below it."""
    assert [report.text(result) for result in RESULTS] == [
        "kept      frames: One is kept.",
        "broken    moves: Two is kept.\n          it was <not>",
        "not tried moves: Three is kept.\n          it takes long",
    ]
    assert report.summary(RESULTS) == "1 kept, 1 broken, 1 not tried"


def test_the_report_as_junit() -> None:
    """A CI reads the same results out of the XML."""
    suite = ET.fromstring(report.junit(RESULTS, "ws://127.0.0.1:1"))  # noqa: S314 (our own text)
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped")}
    assert counts == {"tests": "3", "failures": "1", "skipped": "1"}
    assert [case.get("name") for case in suite.iter("testcase")] == ["one", "two", "three"]
    assert [failure.get("message") for failure in suite.iter("failure")] == ["it was <not>"]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the command line asks the kit for."""
    asked: list[dict[str, Any]] = []

    def kit_main(url: str, **options: Any) -> int:
        asked.append({"url": url, **options})
        return 0

    monkeypatch.setattr(kit, "main", kit_main)
    return asked


def test_the_command_line(told: list[dict[str, Any]]) -> None:
    """`conformance` takes the address, the file of the report and whether to wait for clocks."""
    assert main(["conformance", "wss://example.org/game/"]) == 0
    assert main(["conformance", "ws://a", "--junit", "r.xml", "--slow"]) == 0
    assert told == [
        {"url": "wss://example.org/game", "junit": None, "slow": False},
        {"url": "ws://a", "junit": Path("r.xml"), "slow": True},
    ]


def test_nobody_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody listens, the command says so in one line and fails."""
    assert main(["conformance", "ws://127.0.0.1:9"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("noughts-tui: ")
    assert said.err.count("\n") == 1
