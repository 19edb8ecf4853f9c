"""Frames that are no requests, and the tutorial's own client."""

import json

import pytest
from msgspec import UNSET

from backend.core.ports import Metric
from shared import codec
from shared import messages as wire
from shared.errors import ErrorCode
from tests.backend.harness import Harness
from tests.backend.meddling import MeddledStore, refused
from tests.backend.memory import MemoryStore


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("hello", "bad_json"),
        ("", "bad_json"),
        ("[1]", "bad_json"),
        ("{}", "unknown_type"),
        ('{"type": "fly"}', "unknown_type"),
        ('{"type": "$disconnect"}', "unknown_type"),
        ('{"type": "$default"}', "unknown_type"),
        ('{"type": 7}', "unknown_type"),
        ('{"type": "start", "name": 7}', "bad_request"),
        ('{"type": "join"}', "bad_request"),
        ('{"type": "join", "id": "K7QF2"}', "bad_request"),
        ('{"type": "join", "id": "K7QF2M"}', "no_such_game"),
        ('{"type": "play", "id": "K7QF2M", "tile": "3,0"}', "bad_request"),
        ('{"type": "play", "id": "K7QF2M", "tile": [0, 0]}', "bad_request"),
        ('{"type": "play", "id": "K7QF2M", "tile": "0,0", "after": "00"}', "bad_request"),
        ('{"type": "list", "v": 2}', "unsupported_version"),
        ('{"type": "list", "v": true}', "bad_request"),
        ('{"type": "list", "v": false}', "bad_request"),
        ('{"type": "ping", "x": "' + "x" * 5000 + '"}', "too_large"),
        ("x" * 5000, "too_large"),
    ],
)
def test_what_is_no_request_is_answered(body: str, code: str) -> None:
    """Whatever a client sends is answered by one error with a sentence, and nothing changes."""
    table = Harness()
    game_id = table.seat_two()
    before = table.stored(game_id)
    error = table.frame("ada", body)
    assert isinstance(error, wire.Error)
    assert error.code == code
    assert table.stored(game_id) == before
    assert table.metrics.counts[Metric.REFUSED] == 1


def test_an_error_repeats_the_ref() -> None:
    """An error carries the request's ref whenever that could be read."""
    error = Harness().frame("ada", '{"type": "fly", "ref": "r7"}')
    assert isinstance(error, wire.Error)
    assert (error.ref, error.code) == ("r7", ErrorCode.UNKNOWN_TYPE)


@pytest.mark.parametrize("code", ["busy", "internal"])
def test_a_fault_says_nothing_of_the_game(code: str) -> None:
    """Who sits at a game is told its id, and to try again; how it stands may not be known."""
    table = Harness(store := MeddledStore(MemoryStore()))
    game_id = table.seat_two()
    body = codec.encode(wire.Resign(id=game_id, ref="r7"))
    store.next["save"] = refused
    error = table.frame("ada", body) if code == "busy" else table.service.failed(body)
    assert isinstance(error, wire.Error)
    assert (error.code, error.ref, error.id, error.game) == (code, "r7", game_id, UNSET)


class Tutorial:
    """The tutorial's client: one frame out, one frame in; any other frame breaks it."""

    def __init__(self, table: Harness, name: str) -> None:
        self.table, self.name = table, name
        self.replies: list[wire.Event] = []

    def send(self, **message: str) -> None:
        reply = self.table.service.handle(json.dumps(message), self.name)
        self.replies += [] if reply is None else [reply]

    def receive(self) -> dict[str, object]:
        if not self.replies:
            self.replies += self.table.heard(self.name)
        event: dict[str, object] = json.loads(codec.encode(self.replies.pop(0)))
        return event


def test_the_tutorial_plays_here() -> None:
    """The tutorial's client, which knows no ref, plays a whole game with a copy of itself."""
    table = Harness()
    one, two = Tutorial(table, "one"), Tutorial(table, "two")
    one.send(type="start")
    init = one.receive()
    assert init["type"] == "init"
    game_id = str(init["id"])
    two.send(type="join", id=game_id)
    assert two.receive()["type"] == "join"
    assert one.receive()["type"] == "join"
    for mover, other, tile in zip(
        [one, two] * 3, [two, one] * 3, ["0,0", "1,0", "0,1", "1,1", "0,2"], strict=False
    ):
        mover.send(type="play", tile=tile, id=game_id)
        event = other.receive()
        assert (event["type"], event["tile"]) == ("play", tile)
    assert table.game(game_id).status == "won"
    assert one.replies == two.replies == table.heard("one") == table.heard("two") == []
