"""What may come over the wire, and what becomes of it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from shared.board import Mark
from shared.codec import decode_event, decode_request, encode
from shared.errors import ErrorCode, ProtocolError, Refusal
from shared.messages import (
    MAX_REQUEST_BYTES,
    REQUESTS,
    AnyEvent,
    AnyRequest,
    Error,
    Event,
    GatewayNotice,
    Join,
    Names,
    Ping,
    Play,
    Player,
    Presence,
    QuickMatch,
    Request,
    Resign,
    Start,
    Watch,
)
from tests.shared.wire import every, game

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)

VALID: dict[str, dict[str, Any]] = {
    "start": {"name": "Ada", "mark": "random", "listed": True, "clock": 30, "key": "k" * 22},
    "join": {"id": "K7QF2M", "name": "Ada", "key": "k" * 22},
    "match": {"id": "K7QF2M", "name": "Ada", "clock": 30, "key": "k" * 22},
    "play": {"id": "K7QF2M", "tile": "1,1", "after": "0"},
    "resume": {"id": "K7QF2M", "token": "x." + "k" * 22},
    "leave": {"id": "K7QF2M"},
    "resign": {"id": "K7QF2M"},
    "claim": {"id": "K7QF2M"},
    "rematch": {"id": "K7QF2M"},
    "watch": {"id": "K7QF2M"},
    "list": {"kind": "live"},
    "emote": {"id": "K7QF2M", "emote": "gg"},
    "ping": {"id": "K7QF2M"},
}
VERSIONED = {"start", "join", "match", "resume", "watch", "list"}


def refused(body: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        decode_request(body)
    return caught.value


def request_or_refusal(body: str) -> AnyRequest | Refusal:
    try:
        return decode_request(body)
    except Refusal as refusal:
        return refusal


def body_of(kind: str, /, **changed: Any) -> str:
    return json.dumps({"type": kind, "ref": "r1", **VALID[kind], **changed})


@given(every(AnyRequest))
def test_every_request_survives_the_wire(request: AnyRequest) -> None:
    """What a client asks is what the server reads."""
    frame = encode(request)
    assert decode_request(frame) == request
    assert "\n" not in frame
    assert len(frame.encode()) <= MAX_REQUEST_BYTES


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_type_of_request_is_read(kind: str) -> None:
    """Each request of the protocol is read with all of its fields; what is new is left out."""
    request = decode_request(body_of(kind, colour="red", tags=[{"a": None}]))
    assert type(request) is REQUESTS[kind]
    for name, value in {"ref": "r1", **VALID[kind]}.items():
        assert getattr(request, name) == value


def test_a_request_needs_no_more_than_the_protocol_says() -> None:
    """The shortest requests are read, with the defaults that the protocol names."""
    assert decode_request('{"type": "start"}') == Start(
        name="", mark="x", listed=False, clock=0, key=UNSET, ref=UNSET, v=1
    )
    assert decode_request('{"type": "ping"}') == Ping()
    assert decode_request('{"type": "match"}') == QuickMatch()
    assert decode_request('{"type": "join", "id": "k7q-f2m"}') == Join(id="K7QF2M")
    assert decode_request('{"type": "play", "tile": "2,0", "id": "kiOf2m"}') == Play(
        id="K10F2M", tile="2,0"
    )


def test_a_request_is_sent_as_short_as_it_can_be() -> None:
    """Defaults are not sent, so that a hand-written client and this one say the same."""
    assert encode(Start()) == '{"type":"start"}'
    assert encode(Watch(id="K7QF2M", ref="1")) == '{"type":"watch","ref":"1","id":"K7QF2M"}'


def test_a_name_is_clean_as_soon_as_it_is_read() -> None:
    """The rest of the server never sees what a terminal would obey."""
    for kind in ("start", "join", "match"):
        request = decode_request(body_of(kind, name="\x1b]0;x\x07 \u202eA\ud800da"))
        assert isinstance(request, Start | Join | QuickMatch)
        assert request.name == "]0;x Ada"


def wrong_types() -> list[tuple[str, str, Any]]:
    """Each field of each request with each kind of JSON value that it cannot have."""
    wrong: list[tuple[str, str, Any]] = []
    for kind in REQUESTS:
        for name in ("ref", *VALID[kind], *(["v"] if kind in VERSIONED else [])):
            good = VALID[kind].get(name, 1 if name == "v" else "r1")
            values: list[Any] = [None, 1.5, [], {}, ["x"], True, 7, "\ud800"]
            wrong += [(kind, name, value) for value in values if type(value) is not type(good)]
    return wrong


@pytest.mark.parametrize(("kind", "name", "value"), wrong_types())
def test_a_field_of_the_wrong_type_is_named(kind: str, name: str, value: Any) -> None:
    """A value of a type that its field cannot have is refused with the field's name."""
    refusal = refused(body_of(kind, **{name: value}))
    assert refusal.code is ErrorCode.BAD_REQUEST
    assert refusal.message.startswith(f"{name}: expected ")
    assert refusal.message.endswith(".")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        *(("start", "mark", value) for value in ("z", "X", "", "\ud800", "x\u001b", "random ")),
        *(("start", "clock", value) for value in (-1, 1, 4, 601, 10**30, -(10**30))),
        *(("match", "clock", value) for value in (4, 601)),
        *(
            (kind, "key", value)
            for kind in ("start", "join", "match")
            for value in ("", "k" * 21, "k" * 23, "k" * 21 + "=", "k" * 22 + "\n", "\ud800" * 22)
        ),
        *(
            ("play", "tile", value)
            for value in ("", "3,0", "0,3", "1", "1,1,", "1,1\n", " 1,1", "-1,1", "\u0661,1", "1.1")
        ),
        *(("play", "after", value) for value in ("00", "9", "x", "031425", "\ud800", "0" * 3000)),
        *(
            (kind, "id", value)
            for kind in REQUESTS
            if kind not in {"start", "list"}
            for value in ("", "K7QF2", "K7QF2MM", "UUUUUU", "K7QF2\x00", "\ud800", "A" * 3000)
        ),
        *(("list", "kind", value) for value in ("", "both", "OPEN")),
        *(("emote", "emote", value) for value in ("", "hey", "GG", "\ud800")),
        *(
            (kind, "ref", value)
            for kind in REQUESTS
            for value in ("", "r" * 33, "a\x00", "\x1b[0m", "\u202e", "\ud800")
        ),
    ],
)
def test_a_field_of_the_wrong_value_is_named(kind: str, name: str, value: Any) -> None:
    """A value out of range or out of form is refused with the field's name and not repeated."""
    refusal = refused(body_of(kind, **{name: value}))
    assert refusal.code is ErrorCode.BAD_REQUEST
    assert refusal.message.startswith(f"{name}: ")
    assert refusal.message.isprintable()
    assert len(refusal.message) < 100


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "id") for kind in REQUESTS if kind not in {"start", "match", "list", "ping"}),
        ("play", "tile"),
        ("resume", "token"),
        ("emote", "emote"),
    ],
)
def test_a_missing_field_is_named(kind: str, name: str) -> None:
    """A request without what it needs is refused with the field's name."""
    body = json.loads(body_of(kind))
    del body[name]
    refusal = refused(json.dumps(body))
    assert (refusal.code, refusal.message) == (ErrorCode.BAD_REQUEST, f"{name}: is missing.")
    assert refusal.ref == "r1"
    assert refusal.game_id == (None if name == "id" else "K7QF2M")


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "[]",
        '"start"',
        "5",
        "{",
        '{"type": "start"',
        "{'type': 'start'}",
        '{"type": "start"} {}',
        '{"type": "start"}\x00',
        '\ufeff{"type": "start"}',
        '{"type": "start", "clock": NaN}',
        '{"type": "start", "clock": -Infinity}',
        '{"type": "start", "name": "\x01"}',
        '{"type": start}',
        "[" * 4_000,
        '{"a":' * 800,
        "\ud800",
    ],
)
def test_what_is_no_json_object_is_refused(body: str) -> None:
    """A frame that is not one JSON object is `bad_json`, however it fails to be."""
    refusal = refused(body)
    assert (refusal.code, refusal.ref, refusal.game_id) == (ErrorCode.BAD_JSON, None, None)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        5,
        True,
        [],
        ["start"],
        {},
        "",
        "Start",
        "start ",
        "init",
        "$disconnect",
        "$default",
        "\ud800",
        "x" * 1000,
    ],
)
def test_an_unknown_type_is_refused_and_tells_the_known_ones(kind: Any) -> None:
    """A type that is no request, the platform's own routes among them, is `unknown_type`."""
    refusal = refused(json.dumps({"type": kind, "ref": "r1", "id": "k7qf2m"}))
    assert (refusal.code, refusal.ref, refusal.game_id) == (
        ErrorCode.UNKNOWN_TYPE,
        "r1",
        "K7QF2M",
    )
    assert refusal.message == (
        "A request has one of these types: start, join, match, play, resume, leave, resign, claim, "
        "rematch, watch, list, emote, ping."
    )
    assert refused('{"ref": "r1"}').code is ErrorCode.UNKNOWN_TYPE


@pytest.mark.parametrize("kind", sorted(VERSIONED))
def test_a_version_that_is_not_spoken_is_refused(kind: str) -> None:
    """A client of another version is told which one this server speaks."""
    assert decode_request(body_of(kind, v=1)) == decode_request(body_of(kind))
    for version in (0, 2, -1, 10**40):
        refusal = refused(body_of(kind, v=version))
        assert (refusal.code, refusal.ref) == (ErrorCode.UNSUPPORTED_VERSION, "r1")
        assert "version 1" in refusal.message
        # Another version can have other fields: which it is, is what its client must hear.
        assert refused(body_of(kind, v=version, name=7, id=[])).code == refusal.code


def test_a_request_has_4096_bytes_at_most() -> None:
    """The limit counts bytes, not characters, and the refusal still tells which request it was."""
    frame = body_of("start", name="", more="")
    room = MAX_REQUEST_BYTES - len(frame.encode())
    assert decode_request(body_of("start", name="", more="a" * room)) == decode_request(
        body_of("start", name="")
    )
    assert refused(body_of("start", name="", more="a" * (room + 1))).code is ErrorCode.TOO_LARGE
    wide = json.dumps({"type": "start", "ref": "r1", "more": "\u6f22" * 1400}, ensure_ascii=False)
    assert len(wide) < MAX_REQUEST_BYTES
    refusal = refused(wide)
    assert (refusal.code, refusal.ref) == (ErrorCode.TOO_LARGE, "r1")
    assert refusal.message == (f"A request can have 4096 bytes; this one has {len(wide.encode())}.")
    large = body_of("play", more="a" * 130_000)
    assert (refused(large).ref, refused(large).game_id) == ("r1", "K7QF2M")
    for hopeless in ("[" * 5_000, "a" * 130_000, '{"type": "start", "name": "' + "a" * 5_000):
        assert refused(hopeless).code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    ("ref", "game_id", "kept_ref", "kept_id"),
    [
        ("r1", "k7q-f2m", "r1", "K7QF2M"),
        ("r" * 32, "K7QF2M", "r" * 32, "K7QF2M"),
        ("r" * 33, "K7QF2", None, None),
        ("", "", None, None),
        ("\x1b[2J", "\x1b[2J", None, None),
        ("\ud800", "\ud800", None, None),
        (5, 5, None, None),
        (None, None, None, None),
        (["r1"], {"id": "K7QF2M"}, None, None),
    ],
)
def test_a_refusal_says_which_request_and_game_it_is_about(
    ref: Any, game_id: Any, kept_ref: str | None, kept_id: str | None
) -> None:
    """Ref and id of a wrong request are kept where they are good, and never where they are not."""
    refusal = refused(json.dumps({"type": "play", "tile": 9, "ref": ref, "id": game_id}))
    assert (refusal.ref, refusal.game_id) == (kept_ref, kept_id)


def test_a_lone_surrogate_anywhere_is_no_accident() -> None:
    """JSON can hold text that is no UTF-8; it is refused or cleaned like any other nonsense."""
    assert decode_request('{"type": "start", "\\ud800": 1, "name": "A\\udfffda"}') == Start(
        name="Ada"
    )
    assert decode_request('{"type": "start", "more": ["\\ud800"]}') == Start()
    assert refused('{"type": "resume", "id": "K7QF2M"}').message == "token: is missing."
    resume = decode_request('{"type": "resume", "id": "K7QF2M", "token": "\\ud800"}')
    assert encode(resume)


@given(
    st.binary(max_size=200)
    | st.text(st.characters(exclude_categories=[])).map(
        lambda text: text.encode(errors="surrogatepass")
    )
)
@example(b'{"type": "ping"}')  # Hypothesis also tries texts that it finds in the code
def test_no_frame_gets_past_as_anything_but_a_request_or_a_refusal(frame: bytes) -> None:
    """Whatever bytes arrive are a request or refused, and to a client an event or nothing."""
    body = frame.decode(errors="surrogateescape")
    assert isinstance(request_or_refusal(body), Request | Refusal)
    with suppress(ProtocolError):
        assert isinstance(decode_event(body), Event | GatewayNotice | None)


@given(
    st.sampled_from(list(REQUESTS)),
    st.dictionaries(
        st.sampled_from(
            [
                "id",
                "ref",
                "v",
                "name",
                "mark",
                "listed",
                "clock",
                "key",
                "tile",
                "after",
                "token",
                "kind",
                "emote",
                "\ud800",
            ]
        ),
        anything,
    ),
)
def test_no_field_gets_past_as_anything_but_what_it_is(kind: str, changed: dict[str, Any]) -> None:
    """Any JSON in any field of any request is read, or refused with the name of a field."""
    body = json.dumps({"type": kind, **VALID[kind], **changed})
    answer = request_or_refusal(body)
    if isinstance(answer, Refusal):
        assert answer.code in {
            ErrorCode.BAD_JSON,
            ErrorCode.BAD_REQUEST,
            ErrorCode.UNSUPPORTED_VERSION,
            ErrorCode.TOO_LARGE,
        }
        if answer.code is ErrorCode.BAD_REQUEST:
            assert answer.message.split(":")[0] in {*changed, "id"}
        assert answer.message.isprintable()
    else:
        assert type(answer) is REQUESTS[kind]
        assert decode_request(encode(answer)) == answer


@given(every(AnyEvent))
def test_every_event_survives_the_wire(event: AnyEvent) -> None:
    """What the server says is what a client reads."""
    frame = encode(event)
    assert decode_event(frame) == event
    assert "\n" not in frame


def presence(**changed: Any) -> dict[str, Any]:
    """A whole event as JSON has it, fields of its game changed."""
    event: dict[str, Any] = json.loads(
        encode(Presence(id="K7QF2M", game=game(), now=7, mark=Mark.O, online=False))
    )
    event["game"] |= changed
    return event


def test_an_event_is_what_the_protocol_draws() -> None:
    """A snapshot on the wire has every field of the protocol's table, by its name."""
    assert presence() == {
        "type": "presence",
        "id": "K7QF2M",
        "now": 7,
        "mark": "o",
        "online": False,
        "game": {
            "id": "K7QF2M",
            "rev": 3,
            "status": "playing",
            "moves": "04",
            "board": "x...o....",
            "turn": "x",
            "winner": None,
            "lines": [],
            "players": {
                "x": {"name": "Ada", "online": True, "away": None, "away_at": None},
                "o": {"name": "Bob", "online": False, "away": "lost", "away_at": 5},
            },
            "clock": 0,
            "deadline": None,
            "series": {"x": 0, "o": 0, "drawn": 0},
            "rematch": None,
            "next": None,
            "watchers": 0,
        },
    }


def test_what_is_new_in_an_event_is_ignored() -> None:
    """A client keeps working with a server that says more than it knows."""
    new = presence(colour="red") | {"weather": {"rain": [1, 2]}}
    assert decode_event(json.dumps(new)) == decode_event(json.dumps(presence()))
    assert decode_event('{"type": "fireworks", "id": 5}') is None
    assert decode_event('{"type": "start"}') is None


def test_text_of_strangers_is_clean_as_soon_as_it_is_read() -> None:
    """A server that does not clean what it sends on harms no terminal."""
    evil = "\x1b]0;x\x07\u202eAda"
    player = {"name": evil, "online": True, "away": None, "away_at": None}
    event = decode_event(json.dumps(presence(players={"x": player, "o": None})))
    assert isinstance(event, Presence)
    assert event.game.players[Mark.X] == Player(
        name="]0;xAda", online=True, away=None, away_at=None
    )
    assert event.game.players[Mark.O] is None
    refusal = decode_event(
        json.dumps({"type": "error", "code": "busy", "message": evil + "!" * 500, "now": 1})
    )
    assert refusal == Error(code=ErrorCode.BUSY, message="]0;xAda" + "!" * 293, now=1)
    assert Names(x=evil, o=None) == Names(x="]0;xAda", o=None)


def test_a_frame_of_the_gateway_itself_is_told_apart() -> None:
    """Throttling and failures of the platform are no events, and are read as what they are."""
    notice = GatewayNotice(message="Forbidden", connection_id="abc=", request_id="def=")
    assert encode(notice) == ('{"message":"Forbidden","connectionId":"abc=","requestId":"def="}')
    assert decode_event(encode(notice)) == notice


@pytest.mark.parametrize(
    "changed",
    [
        {"moves": "00"},
        {"moves": "031425"},
        {"moves": "0"},
        {"board": "xo......."},
        {"board": "x...o...."[:8]},
        {"board": "X...O...."},
        {"turn": "o"},
        {"turn": "z"},
        {"lines": [[0, 1, 2]]},
        {"lines": [[9, 9, 9]]},
        {"lines": [[0, 1]]},
        {"rev": -1},
        {"rev": 2**53},
        {"rev": "3"},
        {"rev": True},
        {"deadline": 10**30},
        {"deadline": -1},
        {"deadline": 1.5},
        {"watchers": None},
        {"status": "paused"},
        {"winner": "z"},
        {"id": "k7qf2m"},
        {"id": "K7QF2M\n"},
        {"next": "../../"},
        {"players": None},
        {"players": {"x": None}},
        {"players": {"x": {"name": 5, "online": True, "away": None, "away_at": None}, "o": None}},
        {"players": {"x": {"name": "", "online": 1, "away": None, "away_at": None}, "o": None}},
        {"series": {"x": -1, "o": 0, "drawn": 0}},
    ],
)
def test_a_snapshot_that_cannot_be_true_is_no_event(changed: dict[str, Any]) -> None:
    """The app never draws a board that its history does not make, or a number it cannot show."""
    assert decode_event(json.dumps(presence()))
    with pytest.raises(ProtocolError):
        decode_event(json.dumps(presence(**changed)))


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "null",
        "[]",
        '"init"',
        "{",
        "[" * 100_000,
        '{"type": "init"}',
        '{"type": ["init"]}',
        '{"type": {}}',
        '{"type": null}',
        '{"message": "Forbidden"}',
        '{"type": "pong", "now": 1, "id": "\\ud800"}',
        '{"type": "error", "code": "weird", "message": "", "now": 1}',
        '{"type": "emote", "id": "K7QF2M", "mark": "x", "emote": "\\u001b"}',
        "\ud800",
        '{"type": "pong", "now": 1, "id": "\ud800"}',
        '{"type": "pong", "now": 1e400}',
        '{"type": "pong", "now": NaN}',
    ],
)
def test_what_is_no_event_is_the_servers_fault(frame: str) -> None:
    """A client that cannot read a frame says so in one way, whatever is wrong with it."""
    with pytest.raises(ProtocolError, match=r"^The server sent "):
        decode_event(frame)


@given(every(AnyEvent), st.data())
def test_a_spoilt_event_is_read_or_refused(event: AnyEvent, data: st.DataObject) -> None:
    """Any JSON in place of any field of an event is another event or a `ProtocolError`."""
    spoilt = json.loads(encode(event))
    at = spoilt
    while True:
        name = data.draw(st.sampled_from(sorted(at)))
        if not isinstance(at[name], dict) or data.draw(st.booleans()):
            break
        at = at[name]
    at[name] = data.draw(anything)
    try:
        read = decode_event(json.dumps(spoilt))
    except ProtocolError:
        return
    assert read is None or encode(read)


def test_a_refusal_repeats_no_secret() -> None:
    """The refusal of a request holds nothing of its key or token."""
    secret = "s3cret" * 4
    for body in (
        body_of("start", key=secret),
        body_of("start", key=[secret]),
        body_of("resume", token={"a": secret}),
        body_of("resume", token=f"x.{secret}", id=5),
        body_of("resume", token=f"x.{secret}", more="a" * 5000),
        body_of("resume", token=f"x.{secret}")[:-1],
        json.dumps({"type": secret}),
    ):
        refusal = refused(body)
        assert secret not in f"{refusal!r} {refusal} {vars(refusal)}"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("[]", "A request must be one JSON object."),
        ("{", "A request must be one JSON object."),
        ('{"type":"start","mark":"z"}', "mark: not one of the values it can have."),
        ('{"type":"start","key":"z"}', "key: not in the form it must have."),
        ('{"type":"start","name":5}', "name: expected str, got int."),
        ('{"type":"emote","id":"K7QF2M"}', "emote: is missing."),
    ],
)
def test_a_refusal_says_what_is_wrong(body: str, sentence: str) -> None:
    """Whoever writes a client reads which field is wrong, and in which way."""
    with pytest.raises(Refusal) as caught:
        decode_request(body)
    assert caught.value.message == sentence


def test_a_request_without_a_version_ignores_one() -> None:
    """A field that a request does not have is ignored, ``v`` among them."""
    assert decode_request('{"type":"resign","id":"K7QF2M","v":2}') == Resign(id="K7QF2M")
