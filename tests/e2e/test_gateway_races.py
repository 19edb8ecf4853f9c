"""Many requests for one thing, at the same moment, through real sockets: one gets it."""

import asyncio
import json
from contextlib import AsyncExitStack

from backend.local.gateway import Gateway
from shared.board import tile_of
from tests.backend.local.peer import Frame, Peer, peer
from tests.proofs.counts import count

ROUNDS = count(10, 200)
CROWD = 32


async def test_one_seat_for_a_crowd(gateway: Gateway) -> None:
    """Of 32 who join at once one sits down, and the others hear that the game is full."""
    async with AsyncExitStack() as stack:
        crowd = [await stack.enter_async_context(peer(gateway.url)) for _ in range(CROWD)]
        host = await stack.enter_async_context(peer(gateway.url))
        for number in range(ROUNDS):
            code = (await host.ask(type="start"))["id"]
            replies = await asyncio.gather(*(one.ask(type="join", id=code) for one in crowd))
            joined = [reply for reply in replies if reply["type"] == "join"]
            refused = [reply.get("code") for reply in replies if reply["type"] != "join"]
            assert (len(joined), set(refused)) == (1, {"game_full"}), number
            assert (await host.pushed())["game"] == joined[0]["game"]
            await asyncio.gather(*(one.ask(type="leave", id=code) for one in (host, *crowd)))
            for one in (host, *crowd):
                one.forget()


async def _replies(player: Peer, requests: list[Frame]) -> list[Frame]:
    """The replies to requests that are all on their way before the first is answered."""
    for number, request in enumerate(requests):
        await player.socket.send(json.dumps({**request, "ref": f"race{number}"}))
    replies: list[Frame] = []
    while len(replies) < len(requests):
        frame = await player.next()
        if "ref" in frame:
            replies.append(frame)
    return replies


async def test_one_move_for_many_hands(gateway: Gateway) -> None:
    """Of 32 moves sent at once one is played; the rest are told how the game stands."""
    async with peer(gateway.url) as ada, peer(gateway.url) as bob:
        for number in range(ROUNDS):
            code = (await ada.ask(type="start"))["id"]
            await bob.ask(type="join", id=code)
            tiles = [tile_of(cell) for cell in range(9)] * 4
            plays: list[Frame] = [
                {"type": "play", "id": code, "tile": tile, "after": ""} for tile in tiles[:CROWD]
            ]
            mine, theirs = await asyncio.gather(_replies(ada, plays), _replies(bob, plays))
            played = {reply["tile"] for reply in mine if reply["type"] == "play"}
            assert len(played) == 1, number
            assert {reply["code"] for reply in mine if reply["type"] == "error"} == {"stale"}
            assert {reply["game"]["moves"] for reply in mine if "game" in reply} == {
                str(tiles.index(played.pop()))
            }
            assert {reply.get("code") for reply in theirs} <= {"stale", "not_your_turn"}
            for one in (ada, bob):
                await one.ask(type="leave", id=code)
                one.forget()
