"""What is promised of seats: start, join, resume, leave and presence."""

import json
from typing import Final

from shared.crockford import game_code
from shared.messages import parse_token
from tui.conformance.caller import Broken, Frame, expect, new_key
from tui.conformance.desk import Desk, Promise


async def starts_a_game(desk: Desk) -> None:
    """Start gives a code, a mark and a token; the game waits and nobody has moved."""
    who = await desk.caller()
    for wanted, given in (("x", ("x",)), ("o", ("o",)), ("random", ("x", "o"))):
        reply = await desk.start(who, mark=wanted)
        game = reply["game"]
        expect(game_code(reply["id"]), reply["id"], "the code is")
        expect(reply["mark"] in given, True, f"the mark {reply['mark']} is one that was asked for")
        expect(parse_token(reply["token"])[0], reply["mark"], "the token is of the mark")
        told = (game["status"], game["moves"], game["turn"], game["winner"], game["next"])
        expect(told, ("waiting", "", None, None, None), "the game stands")


async def starts_once_for_a_key(desk: Desk) -> None:
    """The same start with the same key is the same game and seat, on any connection."""
    one, other = await desk.callers(2)
    key = new_key()
    first = await desk.start(one, key=key, name="Ada")
    again = await other.done("start", key=key, name="Ada")
    for name in ("id", "token", "mark"):
        expect(again.get(name), first[name], f"the repeated start has the {name}")


async def cleans_names(desk: Desk) -> None:
    """What a terminal could obey is taken out of a name; an empty name is shown as Player X."""
    who = await desk.caller()
    named = await desk.start(who, name=" A\x1b[31mda\u202e ")
    expect(named["game"]["players"]["x"]["name"], "A[31mda", "the name is shown as")
    unnamed = await desk.start(who)
    expect(unnamed["game"]["players"]["x"]["name"], "Player X", "the empty name is shown as")


async def joins_a_game(desk: Desk) -> None:
    """Join takes the free seat, begins the game, and is pushed to the one who waits."""
    x, o = await desk.callers(2)
    code = (await desk.start(x))["id"]
    reply = await desk.join(o, code, name="Bob")
    game = reply["game"]
    expect(
        (reply["mark"], game["status"], game["turn"]), ("o", "playing", "x"), "who joins is told"
    )
    push = await x.pushed("join")
    expect((push["mark"], push["game"]["rev"]), ("o", game["rev"]), "the one who waits is told")
    expect("token" in push, False, "the push has a token")


async def forgives_codes(desk: Desk) -> None:
    """A code is read whatever its case, with hyphens and spaces, O for 0, and I or L for 1."""
    x = await desk.caller()
    code = str((await desk.start(x))["id"])
    written = f" {code[:3].lower()}-{code[3:]} ".replace("0", "O").replace("1", "l")
    expect((await x.done("ping", id=written))["id"], code, f"{written!r} is read as")


async def joins_once_for_a_key(desk: Desk) -> None:
    """The same join with the same key is the same seat, and never a second one."""
    x, o, again = await desk.callers(3)
    code, key = (await desk.start(x))["id"], new_key()
    first = await desk.join(o, code, key=key)
    repeat = await again.done("join", id=code, key=key)
    expect((repeat["mark"], repeat["token"]), (first["mark"], first["token"]), "the repeat is")


async def refuses_a_third(desk: Desk) -> None:
    """A full game is refused with game_full, one's own game with own_game."""
    x, o, third = await desk.callers(3)
    code = (await desk.start(x))["id"]
    await x.refused("own_game", "join", id=code)
    await desk.join(o, code)
    await third.refused("game_full", "join", id=code)


async def tells_nobody_a_token(desk: Desk) -> None:
    """No token and no key is ever told to anybody but the one who holds the seat."""
    x, o, watcher = await desk.callers(3)
    key = new_key()
    code = (await desk.start(x, key=key))["id"]
    await watcher.done("watch", id=code)
    secret = (await desk.join(o, code))["token"]
    heard: list[Frame] = [await x.pushed("join"), await watcher.pushed("join")]
    heard += [await who.done("ping", id=code) for who in (x, o, watcher)]
    told = json.dumps(heard)
    if key in told or secret in told or "token" in told:
        raise Broken("a secret of a seat was told to somebody else")


async def resumes(desk: Desk) -> None:
    """Resume binds the seat to the new connection; the old one is told replaced."""
    x, o, new = await desk.callers(3)
    started = await desk.start(x)
    code = started["id"]
    await desk.join(o, code)
    reply = await new.done("resume", id=code, token=started["token"])
    expect((reply["type"], reply["mark"]), ("resume", "x"), "the reply is")
    await x.pushed("replaced", lambda frame: bool(frame["id"] == code))
    await x.refused("not_seated", "play", id=code, tile="0,0")
    await new.done("play", id=code, tile="0,0", after="")


async def refuses_wrong_tokens(desk: Desk) -> None:
    """A token that is not the right to a seat of this game is refused with bad_token."""
    x, _, code = await desk.seated()
    other = await desk.start(x)
    stranger = await desk.caller()
    for token in ("x." + "A" * 22, "nonsense", other["token"]):
        await stranger.refused("bad_token", "resume", id=code, token=token)


async def tells_a_lost_connection(desk: Desk) -> None:
    """The opponent of a lost connection is told by presence, and told again when it is back."""
    x, o, back = await desk.callers(3)
    started = await desk.start(x)
    code = started["id"]
    await desk.join(o, code)
    x.vanish()
    gone = await o.pushed("presence", lambda frame: not frame["online"])
    player = gone["game"]["players"]["x"]
    expect((gone["mark"], player["online"], player["away"]), ("x", False, "lost"), "it is told")
    await back.done("resume", id=code, token=started["token"])
    here = await o.pushed("presence", lambda frame: bool(frame["online"]))
    expect(here["game"]["players"]["x"]["away"], None, "who is back is away as")


async def cancels_a_waiting_game(desk: Desk) -> None:
    """Leave of a game that waits cancels it, and nobody can join it any more."""
    x, other = await desk.callers(2)
    code = (await desk.start(x))["id"]
    reply = await x.done("leave", id=code)
    expect(reply["game"]["status"], "cancelled", "the game is")
    await other.refused("game_over", "join", id=code)


async def keeps_the_seat_of_who_leaves(desk: Desk) -> None:
    """Leave of a running game is told the opponent as left, and the seat can be resumed."""
    x, o = await desk.callers(2)
    started = await desk.start(x)
    code = started["id"]
    await desk.join(o, code)
    await x.done("leave", id=code)
    gone = await o.pushed("presence")
    expect(gone["game"]["players"]["x"]["away"], "left", "the player is away as")
    await x.done("resume", id=code, token=started["token"])


async def lets_strangers_leave(desk: Desk) -> None:
    """Leave by somebody who is not at the table succeeds and changes nothing."""
    x, _, code = await desk.seated()
    before = (await x.done("ping", id=code))["game"]
    stranger = await desk.caller()
    await stranger.done("leave", id=code)
    expect((await x.done("ping", id=code))["game"], before, "the game is")


PROMISES: Final[tuple[Promise, ...]] = (
    starts_a_game,
    starts_once_for_a_key,
    cleans_names,
    joins_a_game,
    forgives_codes,
    joins_once_for_a_key,
    refuses_a_third,
    tells_nobody_a_token,
    resumes,
    refuses_wrong_tokens,
    tells_a_lost_connection,
    cancels_a_waiting_game,
    keeps_the_seat_of_who_leaves,
    lets_strangers_leave,
)
