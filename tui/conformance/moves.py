"""What is promised of moves, of how a game ends, and of the rematch."""

import asyncio
from typing import Final

from tui.conformance.caller import Untried, expect
from tui.conformance.desk import X_WINS, Desk, Promise, move, play

_DRAW: Final = "021354687"
_TWO_LINES: Final = "143527680"
_CLOCK_SECONDS: Final = 5
_ABANDONED_SECONDS: Final = 30


async def plays(desk: Desk) -> None:
    """A move is acknowledged, pushed to the opponent, and raises rev by one."""
    x, o, code = await desk.seated()
    before = (await x.done("ping", id=code))["game"]["rev"]
    reply = await x.done("play", id=code, tile="1,1", after="")
    game = reply["game"]
    told = (reply["mark"], reply["tile"], game["moves"], game["turn"], game["rev"])
    expect(told, ("x", "1,1", "4", "o", before + 1), "the mover is told")
    push = await o.pushed("play")
    expect((push["tile"], push["game"]), ("1,1", game), "the opponent is told")
    expect("ref" in push, False, "the push has a ref")


async def is_silent_without_a_ref(desk: Desk) -> None:
    """A play without ref is answered only when it is refused."""
    x, o, code = await desk.seated()
    await x.tell("play", id=code, tile="1,1", after="")
    await o.pushed("play")
    await x.hears_nothing("play")
    await x.tell("play", id=code, tile="0,0", after="4")
    expect((await x.pushed("error"))["code"], "not_your_turn", "the refused play is answered")


async def repeats_a_move(desk: Desk) -> None:
    """The last move once more is a success and changes nothing, even when it ended the game."""
    x, o, code = await desk.seated()
    reply = await play(x, o, code, X_WINS)
    again = await x.done("play", id=code, **move(X_WINS))
    expect(again["game"], reply["game"], "the repeated move leaves the game")


async def judges_in_order(desk: Desk) -> None:
    """A wrong move is refused by the first thing that is wrong with it, and changes nothing."""
    x, o, stranger = await desk.callers(3)
    code = (await desk.start(x))["id"]
    await x.refused("not_started", "play", id=code, tile="0,0", after="")
    await desk.join(o, code)
    await stranger.refused("not_seated", "play", id=code, tile="0,0", after="")
    await o.refused("not_your_turn", "play", id=code, tile="0,0", after="")
    await x.done("play", id=code, tile="0,0", after="")
    await o.refused("tile_taken", "play", id=code, tile="0,0", after="0")
    stale = await o.refused("stale", "play", id=code, tile="1,1", after="")
    expect(stale["game"]["moves"], "0", "who saw an old history is told the moves")


async def takes_a_move_without_after(desk: Desk) -> None:
    """A play that does not say what its player saw is judged by the game as it is."""
    x, o, code = await desk.seated()
    await x.done("play", id=code, tile="0,0")
    expect((await o.done("play", id=code, tile="1,1"))["game"]["moves"], "04", "the moves are")


async def knows_a_win(desk: Desk) -> None:
    """Three in a row end the game, with the winner, the line and the series."""
    x, o, code = await desk.seated()
    game = (await play(x, o, code, X_WINS))["game"]
    told = (game["status"], game["winner"], game["lines"], game["turn"], game["series"])
    expect(told, ("won", "x", [[0, 1, 2]], None, {"x": 1, "o": 0, "drawn": 0}), "the game ends")
    await o.refused("game_over", "play", id=code, tile="2,2", after=X_WINS)


async def knows_both_lines(desk: Desk) -> None:
    """A move that completes two lines is shown with both."""
    x, o, code = await desk.seated()
    lines = (await play(x, o, code, _TWO_LINES))["game"]["lines"]
    expect(len(lines), 2, "the completed lines are")


async def knows_a_draw(desk: Desk) -> None:
    """Nine moves without a row are a draw."""
    x, o, code = await desk.seated()
    game = (await play(x, o, code, _DRAW))["game"]
    expect((game["status"], game["winner"], game["lines"]), ("drawn", None, []), "the game ends")


async def resigns(desk: Desk) -> None:
    """Resign ends the game for the other, and the same again is a success."""
    x, o, code = await desk.seated()
    reply = await x.done("resign", id=code)
    expect((reply["game"]["status"], reply["game"]["winner"]), ("resigned", "o"), "the game ends")
    await o.pushed("resign")
    again = await x.done("resign", id=code)
    expect(again["game"], reply["game"], "the repeated resign leaves the game")
    await o.refused("game_over", "resign", id=code)


async def claims_nothing_too_early(desk: Desk) -> None:
    """A claim against an opponent who is there is too_early, and nothing runs."""
    x, _, code = await desk.seated()
    error = await x.refused("too_early", "claim", id=code)
    expect(error.get("retry_at", "absent"), None, "retry_at is")


async def claims_by_the_clock(desk: Desk) -> None:
    """Who lets the clock run out loses by the opponent's claim, and not before."""
    if not desk.slow:
        raise Untried(f"it takes {_CLOCK_SECONDS} s; --slow tries it")
    x, o, code = await desk.seated(clock=_CLOCK_SECONDS)
    early = await o.refused("too_early", "claim", id=code)
    await asyncio.sleep((early["retry_at"] - early["now"]) / 1000)
    reply = await o.done("claim", id=code)
    expect((reply["game"]["status"], reply["game"]["winner"]), ("timeout", "o"), "the game ends")
    await x.pushed("claim")


async def claims_by_absence(desk: Desk) -> None:
    """Who stays away for 30 seconds loses by the opponent's claim, and not before."""
    if not desk.slow:
        raise Untried(f"it takes {_ABANDONED_SECONDS} s; --slow tries it")
    x, o, code = await desk.seated()
    await x.done("leave", id=code)
    await o.pushed("presence")
    early = await o.refused("too_early", "claim", id=code)
    await asyncio.sleep((early["retry_at"] - early["now"]) / 1000)
    reply = await o.done("claim", id=code)
    expect((reply["game"]["status"], reply["game"]["winner"]), ("abandoned", "o"), "the game ends")


async def plays_another(desk: Desk) -> None:
    """When both want a rematch, a new game begins with the marks swapped and the series kept."""
    x, o, code = await desk.finished()
    offer = await x.done("rematch", id=code)
    expect((offer["mark"], offer["game"]["rematch"]), ("x", "x"), "who offers is told")
    await o.pushed("rematch")
    reply = await o.done("rematch", id=code)
    new = reply["next"]
    told = (new["mark"], new["game"]["status"], new["game"]["series"])
    expect(told, ("x", "playing", {"x": 0, "o": 1, "drawn": 0}), "who accepts is told")
    push = await x.pushed("rematch", lambda frame: "next" in frame)
    expect((push["next"]["mark"], push["next"]["id"]), ("o", new["id"]), "who offered is told")
    await o.done("play", id=new["id"], tile="0,0", after="")
    await o.done("resign", id=new["id"])


async def enters_a_rematch_by_the_old_key(desk: Desk) -> None:
    """Who missed the rematch enters by resume, with the other mark and the same key."""
    x, o, back = await desk.callers(3)
    started = await desk.start(x)
    code = started["id"]
    await desk.join(o, code)
    await play(x, o, code, X_WINS)
    await x.done("rematch", id=code)
    await o.pushed("rematch")
    new = (await o.done("rematch", id=code))["next"]["id"]
    token = f"o.{started['token'].partition('.')[2]}"
    reply = await back.done("resume", id=new, token=token)
    expect((reply["mark"], reply["game"]["status"]), ("o", "playing"), "the rematch is entered")
    await back.done("resign", id=new)


async def refuses_an_early_rematch(desk: Desk) -> None:
    """A rematch of a running game is too_early, and nothing runs."""
    x, _, code = await desk.seated()
    error = await x.refused("too_early", "rematch", id=code)
    expect(error.get("retry_at", "absent"), None, "retry_at is")


PROMISES: Final[tuple[Promise, ...]] = (
    plays,
    is_silent_without_a_ref,
    repeats_a_move,
    judges_in_order,
    takes_a_move_without_after,
    knows_a_win,
    knows_both_lines,
    knows_a_draw,
    resigns,
    claims_nothing_too_early,
    claims_by_the_clock,
    claims_by_absence,
    plays_another,
    enters_a_rematch_by_the_old_key,
    refuses_an_early_rematch,
)
