"""What a request does once, however many ask for it or hear of it."""

import json
from typing import Any

import msgspec
import pytest

from backend.handlers.entry import Handler
from backend.local import invocation
from backend.local.invocation import Caller
from shared import board, codec
from shared import messages as wire
from shared.codec import Frame
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore

ADA = Caller(
    connection="ada", connected_at=0, source_ip="192.0.2.1", user_agent=None, domain="localhost"
)
WATCHERS = 20


class Counting:
    """A function that counts its calls, and may fail."""

    def __init__(self, function: Any) -> None:
        self._function = function
        self.calls = 0

    def __call__(self, *given: Any) -> Any:
        self.calls += 1
        return self._function(*given)


@pytest.fixture
def table() -> Harness:
    return Harness()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """How often a frame was parsed."""
    counting = Counting(codec._parsed)
    monkeypatch.setattr(codec, "_parsed", counting)
    return counting


@pytest.mark.parametrize(
    "request_of", [{"tile": "1,1"}, {"tile": "9,9"}, {"id": "ZZZZZZ", "tile": "1,1"}, {"type": "x"}]
)
def test_a_frame_is_parsed_once(
    table: Harness, parsed: Counting, request_of: dict[str, str]
) -> None:
    """A frame is parsed once to choose its route, to read it and to answer it, or to refuse it."""
    code = table.seat_two()
    parsed.calls = 0
    frame = Frame(json.dumps({"type": "play", "id": code, **request_of, "ref": "r"}))
    response = Handler(table.service)(invocation.message_event(ADA, frame, 0))
    assert json.loads(response["body"])["ref"] == "r"
    assert parsed.calls == 1


def test_a_frame_that_breaks_the_service_is_parsed_once(
    table: Harness, parsed: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is it parsed again to tell its sender that something went wrong."""
    del table

    class Broken(MemoryStore):
        def load(self, *_: Any) -> Any:
            raise RuntimeError("broken")

    monkeypatch.setattr("logging.Logger.exception", lambda *_: None)
    broken = Harness(store=Broken())
    frame = Frame('{"type": "ping", "id": "K7QF2M", "ref": "r"}')
    response = Handler(broken.service)(invocation.message_event(ADA, frame, 0))
    assert json.loads(response["body"])["code"] == "internal"
    assert parsed.calls == 1


def test_a_frame_is_read_as_the_type_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a frame is to be is known from its type, and the other types are not looked at."""
    read_as: list[Any] = []

    def convert(fields: Any, kind: Any) -> Any:
        read_as.append(kind)
        return whole(fields, kind)

    whole = msgspec.convert
    monkeypatch.setattr(msgspec, "convert", convert)
    codec.decode_request('{"type": "play", "id": "K7QF2M", "tile": "1,1"}')
    codec.decode_event('{"type": "pong", "now": 1}')
    assert read_as == [wire.Play, wire.Pong]


def test_a_move_looks_at_two_histories(table: Harness) -> None:
    """The history before a move and that after it are made into boards once each."""
    code = table.seat_two()
    table.play(code, "4")
    for known in (board.board, board.outcome, board.is_legal):
        known.cache_clear()
    table.send("bob", wire.Play(id=code, tile="0,0", after="4"))
    assert board.board.cache_info().misses <= 2
    assert board.outcome.cache_info().misses <= 2


def test_a_push_is_encoded_once(table: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many watch, a move is encoded twice: with the mover's ``ref``, and without."""
    code = table.seat_two()
    for number in range(WATCHERS):
        table.send(f"watcher{number}", wire.Watch(id=code))
    frame = Frame(f'{{"type": "play", "id": "{code}", "tile": "1,1", "after": "", "ref": "r"}}')
    handler = Handler(table.service)
    encoded = Counting(codec.encode)
    monkeypatch.setattr(codec, "encode", encoded)
    handler(invocation.message_event(ADA, frame, 0))
    assert encoded.calls == 2
    assert all(len(table.heard(f"watcher{number}")) == 1 for number in range(WATCHERS))
