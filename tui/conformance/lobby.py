"""What is promised of those who look on, seek an opponent, or only ask."""

from typing import Final

from tui.conformance.caller import Caller, Frame, expect, new_key
from tui.conformance.desk import Desk, Promise

_WATCHERS: Final = 20


async def shows_watchers_everything(desk: Desk) -> None:
    """A watcher is told the game and then every push of it, and is counted."""
    x, o, code = await desk.seated()
    watcher = await desk.caller()
    reply = await watcher.done("watch", id=code)
    expect((reply["game"]["moves"], reply["game"]["watchers"]), ("", 1), "the watcher is told")
    moved = await x.done("play", id=code, tile="0,0", after="")
    push = await watcher.pushed("play")
    expect(push["game"]["moves"], moved["game"]["moves"], "the watcher is shown the moves")
    await watcher.done("leave", id=code)
    await o.done("play", id=code, tile="1,1", after="0")
    await watcher.hears_nothing("play")


async def has_room_for_twenty_watchers(desk: Desk) -> None:
    """Twenty can watch a game, and the next is refused with too_many."""
    _, _, code = await desk.seated()
    for watcher in await desk.callers(_WATCHERS):
        await watcher.done("watch", id=code)
    await (await desk.caller()).refused("too_many", "watch", id=code)


async def lists_open_games(desk: Desk) -> None:
    """A game that was started listed stands in the open list until somebody joins it."""
    x, o = await desk.callers(2)
    code = (await desk.start(x, listed=True, name="Ada"))["id"]
    [shown] = [game for game in await _listed(o, "open") if game["id"] == code]
    expect((shown["names"], shown["mark"]), ({"x": "Ada", "o": None}, "o"), "the game is listed")
    await desk.join(o, code)
    expect(code in [game["id"] for game in await _listed(o, "open")], False, "it is still open")
    expect(code in [game["id"] for game in await _listed(o, "live")], True, "it is live")


async def hides_private_games(desk: Desk) -> None:
    """A game that was not started listed stands in no list."""
    x, o, code = await desk.seated()
    shown = [*await _listed(x, "open"), *await _listed(o, "live")]
    expect(code in [game["id"] for game in shown], False, "it is listed")


async def matches_two_who_seek(desk: Desk) -> None:
    """Of two who seek an opponent with one clock, the second joins the first."""
    x, o = await desk.callers(2)
    clock = 599
    first = desk.noted(await x.done("match", clock=clock))
    second = desk.noted(await o.done("match", clock=clock))
    expect((second["type"], second["id"]), ("join", first["id"]), "the second")
    await x.pushed("join")


async def matches_once_for_a_key(desk: Desk) -> None:
    """The same match with the same key is the same seat."""
    x, again = await desk.callers(2)
    key, clock = new_key(), 598
    first = desk.noted(await x.done("match", key=key, clock=clock))
    repeat = await again.done("match", key=key, clock=clock)
    expect((repeat["id"], repeat["token"]), (first["id"], first["token"]), "the repeat is")


async def says_an_emote(desk: Desk) -> None:
    """An emote is told the table, at most one a second."""
    x, o, code = await desk.seated()
    await x.done("emote", id=code, emote="nice")
    expect((await o.pushed("emote"))["emote"], "nice", "the opponent hears")
    await x.refused("too_early", "emote", id=code, emote="gg")
    await (await desk.caller()).refused("not_seated", "emote", id=code, emote="gg")


async def tells_the_truth(desk: Desk) -> None:
    """Ping tells the server's time, and with an id the game and the seat that the asker holds."""
    x, _, code = await desk.seated()
    stranger = await desk.caller()
    expect("now" in await x.done("ping"), True, "the time is told")
    expect((await x.done("ping", id=code))["mark"], "x", "the player's seat is")
    expect((await stranger.done("ping", id=code))["mark"], None, "a stranger's seat is")


async def _listed(who: Caller, kind: str) -> list[Frame]:
    games: list[Frame] = (await who.done("list", kind=kind))["games"]
    return games


PROMISES: Final[tuple[Promise, ...]] = (
    shows_watchers_everything,
    has_room_for_twenty_watchers,
    lists_open_games,
    hides_private_games,
    matches_two_who_seek,
    matches_once_for_a_key,
    says_an_emote,
    tells_the_truth,
)
