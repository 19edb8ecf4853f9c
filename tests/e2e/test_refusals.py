"""Every kind of illegal request, over a real socket: its error, nothing changed, nothing closed."""

import pytest
from websockets.exceptions import ConnectionClosed

from backend.local.gateway import Gateway
from tests.backend.local.peer import Frame, peer, seated


def play(code: str, tile: object = "1,1", **fields: object) -> Frame:
    return {"type": "play", "id": code, "tile": tile, **fields}


async def test_illegal_requests(gateway: Gateway) -> None:
    """Whatever is not allowed is refused by its code, changes nothing and closes nothing."""
    async with (
        peer(gateway.url) as ada,
        peer(gateway.url) as bob,
        peer(gateway.url) as eve,
    ):
        over = await seated(ada, bob)
        for who, tile in zip([ada, bob] * 3, ["0,0", "1,0", "0,1", "1,1", "0,2"], strict=False):
            await who.ask(**play(over, tile))
        code = await seated(ada, bob)
        await ada.ask(**play(code))
        assert (await eve.ask(type="watch", id=code))["type"] == "watch"
        before = (await eve.ask(type="ping", id=code))["game"]
        for who, request, error in [
            (ada, play(code, "0,0"), "not_your_turn"),
            (bob, play(code, "1,1"), "tile_taken"),
            (bob, play(code, "0,3"), "bad_request"),
            (bob, play(code, "3,0"), "bad_request"),
            (bob, play(code, "-1,0"), "bad_request"),
            (bob, play(code, 4), "bad_request"),
            (bob, play(code, None), "bad_request"),
            (bob, play(code, "0,0", after=7), "bad_request"),
            (bob, play(code, "0,0", after="48"), "stale"),
            (bob, {"type": "join", "id": 7}, "bad_request"),
            (bob, {"type": "start", "clock": 4}, "bad_request"),
            (bob, {"type": "start", "v": 2}, "unsupported_version"),
            (bob, play("ZZZZZZ"), "no_such_game"),
            (eve, {"type": "join", "id": code}, "game_full"),
            (eve, play(code, "0,0"), "not_seated"),
            (bob, play(over, "2,2"), "game_over"),
            (bob, {"type": "teleport"}, "unknown_type"),
            (bob, {"type": "$disconnect"}, "unknown_type"),
            (bob, {"type": "ping", "text": "x" * 5000}, "too_large"),
        ]:
            reply = await who.ask(**request)
            assert (reply["type"], reply["code"]) == ("error", error), request
        await bob.socket.send("hello")
        assert (await bob.next())["code"] == "bad_json"
        assert (await eve.ask(type="ping", id=code))["game"] == before
        await bob.ask(**play(code, "0,0", after="4"))
        async with peer(gateway.url) as mallory:
            await mallory.socket.send(b"binary")
            with pytest.raises(ConnectionClosed) as closed:
                await mallory.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003
