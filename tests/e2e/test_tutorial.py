"""The origin of this game is a tutorial; its command-line client must go on working."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from backend.local.gateway import Gateway
from shared import messages as wire
from tests.backend.local.peer import peer

CLIENT = Path(__file__).with_name("tutorial_client.py")
PATIENCE_SECONDS = 60


async def start(url: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(CLIENT),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "WEBSOCKET_URL": url},
    )


@pytest.mark.parametrize(
    ("tiles", "status"),
    [
        (["0,0", "1,0", "0,1", "1,1", "0,2"], "won"),
        (["0,0", "0,1", "0,2", "1,1", "1,0", "1,2", "2,1", "2,0", "2,2"], "drawn"),
    ],
)
async def test_two_tutorial_clients_play(gateway: Gateway, tiles: list[str], status: str) -> None:
    """Two copies of the tutorial's client play a whole game against this server."""
    moves = "\n".join(tiles).encode()
    host = await start(gateway.url, "new")
    assert host.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        code = (await host.stdout.readline()).decode().strip()
        guest = await start(gateway.url, "join", "--id", code)
        ends = await asyncio.gather(host.communicate(moves), guest.communicate(moves))
    assert [out.decode().strip() for out, _ in ends] == ["Game over", "Game over"]
    assert (host.returncode, guest.returncode) == (0, 0)
    async with peer(gateway.url) as onlooker:
        game = (await onlooker.ask(type="watch", id=code))["game"]
    assert (game["status"], game["moves"]) == (
        status,
        "".join(str(3 * int(tile[0]) + int(tile[2])) for tile in tiles),
    )
    assert game["status"] in wire.FINISHED
