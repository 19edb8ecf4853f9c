"""What is promised of any frame."""

import json
from typing import Any, Final

from tui.conformance.caller import Broken, expect
from tui.conformance.desk import Desk, Promise

NOBODYS_CODE: Final = "ZZZZZZ"
_NO_REQUESTS: Final = (
    *(("[]", "bad_json"), ("null", "bad_json"), ("{", "bad_json")),
    *(("{}", "unknown_type"), ('{"type": "fly"}', "unknown_type"), ('{"type": 1}', "unknown_type")),
    ('{"type": "$disconnect"}', "unknown_type"),
)
_BAD_FIELDS: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    *(("start", {"clock": 4}, "clock"), ("start", {"clock": 601}, "clock")),
    *(("start", {"clock": 5.0}, "clock"), ("start", {"clock": True}, "clock")),
    *(("start", {"name": None}, "name"), ("start", {"mark": "z"}, "mark")),
    *(("start", {"key": "short"}, "key"), ("start", {"listed": 1}, "listed")),
    *(("join", {}, "id"), ("join", {"id": "UUUUUU"}, "id"), ("join", {"id": 5}, "id")),
    *(("play", {"id": NOBODYS_CODE, "tile": "3,0"}, "tile"), ("list", {"kind": "x"}, "kind")),
    ("play", {"id": NOBODYS_CODE, "tile": "0,0", "after": "00"}, "after"),
    ("emote", {"id": NOBODYS_CODE, "emote": "rude"}, "emote"),
)


async def answers_what_is_no_request(desk: Desk) -> None:
    """A frame that is no request is answered with bad_json or unknown_type, and ends nothing."""
    who = await desk.caller()
    for frame, code in _NO_REQUESTS:
        await who.send(frame)
        expect((await who.pushed("error")).get("code"), code, f"{frame} was answered")
    await who.done("ping")


async def names_the_field(desk: Desk) -> None:
    """A wrong field is refused with bad_request, and the message begins with the field's name."""
    who = await desk.caller()
    for kind, fields, name in _BAD_FIELDS:
        error = await who.refused("bad_request", kind, **fields)
        if not error["message"].startswith(f"{name}:"):
            raise Broken(f"{kind} {fields} was answered: {error['message']!r}")


async def copies_the_ref(desk: Desk) -> None:
    """A ref of 1 to 32 characters is copied into the reply; another is refused and not copied."""
    who = await desk.caller()
    for good in ("r", "é" * 32):
        await who.tell("ping", ref=good)
        await who.reply(good)
    wrong: tuple[object, ...] = ("", "r" * 33, "a\nb", 5)
    for ref in wrong:
        await who.tell("ping", ref=ref)
        error = await who.pushed("error")
        expect(
            (error["code"], error.get("ref")), ("bad_request", None), f"ref {ref!r} was answered"
        )


async def ignores_unknown_fields(desk: Desk) -> None:
    """A field that the server does not know is ignored."""
    who = await desk.caller()
    await who.done("ping", colour="blue", extra={"deep": [1]})


async def refuses_other_versions(desk: Desk) -> None:
    """Version 1 is understood, another one refused with unsupported_version."""
    who = await desk.caller()
    await who.done("list", v=1)
    await who.refused("unsupported_version", "list", v=2)


async def refuses_large_requests(desk: Desk) -> None:
    """A request of more than 4,096 bytes is refused with too_large."""
    who = await desk.caller()
    await who.done("ping", padding="x" * 3_900)
    await who.refused("too_large", "ping", padding="x" * 4_096)


async def closes_on_binary_frames(desk: Desk) -> None:
    """A binary frame ends the connection with 1003."""
    who = await desk.caller()
    await who.send(b"{}")
    expect(await who.ending(), 1003, "the connection ended with")


async def closes_on_long_frames(desk: Desk) -> None:
    """A frame over 32 KiB ends the connection with 1009."""
    who = await desk.caller()
    await who.send(json.dumps({"type": "ping", "padding": "x" * 2**15}))
    expect(await who.ending(), 1009, "the connection ended with")


async def knows_no_such_game(desk: Desk) -> None:
    """Every request about a game that does not exist is refused with no_such_game."""
    who = await desk.caller()
    asked: dict[str, dict[str, str]] = {
        "play": {"tile": "0,0"},
        "resume": {"token": "x." + "A" * 22},
        "emote": {"emote": "gg"},
    }
    for kind in ("join", "leave", "resign", "claim", "rematch", "watch", "ping", *asked):
        await who.refused("no_such_game", kind, id=NOBODYS_CODE, **asked.get(kind, {}))


PROMISES: Final[tuple[Promise, ...]] = (
    answers_what_is_no_request,
    names_the_field,
    copies_the_ref,
    ignores_unknown_fields,
    refuses_other_versions,
    refuses_large_requests,
    closes_on_binary_frames,
    closes_on_long_frames,
    knows_no_such_game,
)
