"""Frames that nobody would send, made up and mutated: read or refused, and nothing else."""

import gc
import json
import logging
import tracemalloc
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from backend.handlers.entry import Handler
from shared import codec
from shared.errors import ErrorCode, ProtocolError, Refusal
from shared.messages import MAX_REQUEST_BYTES, REQUESTS, AnyRequest
from tests.backend.harness import Harness
from tests.proofs.counts import count

FRAMES = count(10_000, 200_000)
GROWTH_BYTES = 200_000
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 1e300, 10**400, 2**63, "", "x", "1,1", "3,0", "[/]", [], {}),
    *("\x00", "\ud800", "\udfff\ud800", "\x1b]0;t\x07", "\u202egnp", "é" * 40, "漢" * 21, "٣,٣"),
    *(["start"], {"type": "start"}, [[[[]]]], "z" * 22, "x." + "z" * 22, "ⅻ.", "0314", "00", "9"),
    *("x" * 5_000, "k7q f2m", "K7QF2-M", "K7QF2\u0131", "ping", "\n", " \t", "a" * 33, "r\x7f"),
]
FIELDS = [
    *("type", "id", "ref", "v", "name", "mark", "listed", "clock", "key", "tile", "after", "token"),
    *("kind", "emote", "id\x00", "", "__class__", "self"),
]
NOISE = '{}[]",:\\/\n\t tfn01.eE+-uNaNInfinity\u0000\u202e\ud800é漢😀'
WHOLE = [
    *(
        "",
        " ",
        "null",
        "true",
        "0",
        '""',
        "[]",
        "{}",
        "{",
        '{"type":',
        "NaN",
        "-Infinity",
        "\ufeff{}",
    ),
    *("[" * 100_000, '{"type":' * 20_000, '{"a":1e999999}', '{"type":"ping","type":"list"}'),
    *('{"type":"ping"}{"type":"ping"}', '{"type":"ping"} x', '{"type":"\\ud83d"}', "'", "\x00"),
    json.dumps({"type": "ping", "ref": "r", "more": "x" * MAX_REQUEST_BYTES}),
]


def frames(chance: Random, code: str) -> Iterator[str]:
    """Right requests, requests with wrong fields, torn, doubled and noisy ones, and no JSON."""
    yield from WHOLE
    while True:
        fields: dict[str, Any] = {"type": chance.choice([*REQUESTS, "$disconnect", "nothing"])}
        if chance.random() < 0.7:
            fields |= {"id": code, "tile": "1,1", "token": "x." + "A" * 22, "emote": "gg"}
        for name in chance.sample(FIELDS, chance.randrange(5)):
            fields[name] = chance.choice(VALUES)
        text = json.dumps(fields, ensure_ascii=chance.random() < 0.5)
        for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 8])):
            text = mutated(text, chance)
        yield text


def mutated(text: str, chance: Random) -> str:
    """The text with a little of it changed, cut out, doubled or moved."""
    start = chance.randrange(len(text) + 1)
    end = min(len(text), start + chance.choice([0, 1, 1, 2, 10, 100]))
    noise = "".join(chance.choices(NOISE, k=chance.choice([0, 1, 1, 3])))
    pieces = {
        "replaced": text[:start] + noise + text[end:],
        "doubled": text[:end] + text[start:],
        "ended": text[:start],
        "turned": text[:start] + text[start:end][::-1] + text[end:],
    }
    return pieces[chance.choice(list(pieces))]


@pytest.fixture
def made(table: Harness) -> Iterator[str]:
    game_id = table.seat_two(listed=True)
    return frames(Random(7), game_id)  # noqa: S311 (it must be repeatable)


@pytest.fixture
def table() -> Harness:
    return Harness()


def read(frame: str) -> AnyRequest | Refusal:
    try:
        return codec.decode_request(frame)
    except Refusal as refusal:
        return refusal


def test_a_request_is_read_or_refused(made: Iterator[str]) -> None:
    """Whatever a client sends is a request of the protocol, or refused by a code of it."""
    told: set[ErrorCode | None] = set()
    for _ in range(FRAMES):
        request = read(next(made))
        told.add(request.code if isinstance(request, Refusal) else None)
        if isinstance(request, Refusal):
            assert request.message.isprintable()
            assert len(request.message) < 300
            assert request.ref is None or (request.ref.isprintable() and len(request.ref) <= 32)
        else:
            # What was read once is read alike once more.
            assert read(codec.encode(request)) == request
    assert told == {
        None,
        ErrorCode.BAD_JSON,
        ErrorCode.BAD_REQUEST,
        ErrorCode.TOO_LARGE,
        ErrorCode.UNKNOWN_TYPE,
        ErrorCode.UNSUPPORTED_VERSION,
    }


def test_an_event_is_read_or_a_protocol_error(table: Harness) -> None:
    """Whatever a server sends is an event, nothing that is known, or a protocol error."""
    game_id = table.seat_two()
    table.play(game_id, "0314")
    real = [codec.encode(event) for who in ("ada", "bob") for event in table.heard(who)]
    chance = Random(8)  # noqa: S311 (it must be repeatable)
    read = 0
    for number in range(FRAMES):
        frame = WHOLE[number] if number < len(WHOLE) else chance.choice(real)
        for _ in range(chance.randrange(4)):
            frame = mutated(frame, chance)
        try:
            event = codec.decode_event(frame)
        except ProtocolError:
            continue
        read += 1
        if event is not None:
            assert _has_no_controls(codec.encode(event))
    assert FRAMES // 10 < read < FRAMES


def _has_no_controls(frame: str) -> bool:
    fields = json.loads(frame)
    players = (fields.get("game") or {}).get("players", {}).values()
    shown = [fields.get("message", ""), *(player["name"] for player in players if player)]
    return all(text.isprintable() for text in shown)


def test_the_service_answers_everything(
    table: Harness, made: Iterator[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Nonsense is answered, breaks nothing, logs nothing, keeps no memory and disturbs nobody."""
    handler = Handler(table.service)
    caplog.set_level(logging.WARNING)
    other = table.start("kim").id
    table.join("lee", other)
    before = table.stored(other)
    half, memory = FRAMES // 2, 0
    for number in range(FRAMES):
        if number == half:
            memory = _memory()
        response = handler(_event(next(made)))
        told = json.loads(response.get("body", "{}"))
        assert told.get("code") not in {"internal", "busy"}, told
        if number % 200 == 0:
            # What the frames themselves made: games, and what nobody read.
            table.connections.inbox.clear()
            _forget_all_but(table, other)
    assert table.stored(other) == before
    assert caplog.records == []
    assert _memory() - memory < GROWTH_BYTES
    tracemalloc.stop()


def _event(body: str) -> dict[str, Any]:
    context = {"eventType": "MESSAGE", "routeKey": "$default", "connectionId": "eve"}
    return {"requestContext": context, "body": body, "isBase64Encoded": False}


def _forget_all_but(table: Harness, game_id: str) -> None:
    games = getattr(table.store, "games")  # noqa: B009 (a memory store's, not every store's)
    kept = games[game_id]
    games.clear()
    games[game_id] = kept
    getattr(table.store, "calls").clear()  # noqa: B009 (as above)


def _memory() -> int:
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
