"""The bot of the docs is the one that is shown there, and it plays."""

import asyncio
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from backend.local import chaos
from backend.local.gateway import Gateway
from backend.local.limits import Limits
from shared.board import free, tile_of
from shared.messages import FINISHED
from tests.backend.local.peer import Peer, peer
from tests.backend.memory import MemoryStore
from tests.proofs.counts import count

DOCS = Path(__file__).parents[2] / "docs"
BOT = DOCS / "bot.py"
PATIENCE_SECONDS = 60
BOTS = 12


async def start(*arguments: str, program: Path = BOT) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def said(bot: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        out, err = await bot.communicate()
    return (out + err).decode().strip()


async def play_to_the_end(player: Peer, mark: str, code: str) -> dict[str, object]:
    """Plays the first free cell whenever it is that mark's turn; the game that is over."""
    game = (await player.ask(type="ping", id=code))["game"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while game["status"] not in FINISHED:
            if game["turn"] == mark:
                tile = tile_of(free(game["moves"])[0])
                answer = await player.ask(type="play", id=code, tile=tile, after=game["moves"])
                game = answer["game"]
            else:
                game = {**game, **(await player.pushed()).get("game", {})}
    return dict(game)


def ending(game: dict[str, object]) -> str:
    return f"{game['status']}, winner: {game['winner']}"


def test_the_bot_is_the_one_shown() -> None:
    """What the docs show is the file, and it is as short as they say."""
    shown = re.findall(r"```python\n(.*?)```", (DOCS / "bots.md").read_text(), re.DOTALL)
    assert shown[0] == BOT.read_text()
    code = [line for line in shown[0].splitlines() if line.strip()]
    assert len(code) <= 52


async def test_the_bot_joins_a_game(gateway: Gateway) -> None:
    """The bot joins a game by its code and plays it to the end."""
    async with peer(gateway.url) as host:
        code = (await host.ask(type="start"))["id"]
        bot = await start(gateway.url, code)
        assert (await host.pushed())["type"] == "join"
        game = await play_to_the_end(host, "x", code)
    assert await said(bot) == ending(game)


async def test_the_bot_waits_for_whoever_comes(gateway: Gateway, tmp_path: Path) -> None:
    """Two bots find each other, one of them with the better choice of the docs."""
    shown = re.findall(r"```python\n(.*?)```", (DOCS / "bots.md").read_text(), re.DOTALL)
    start_of, end_of = (shown[0].index(word) for word in ("def choose", "def move"))
    better = tmp_path / "better.py"
    better.write_text(shown[0][:start_of] + shown[1] + "\n\n" + shown[0][end_of:])
    bots = [await start(gateway.url), await start(gateway.url, program=better)]
    ends = [await said(bot) for bot in bots]
    assert ends[0] == ends[1]
    assert ends[0] in {"won, winner: x", "won, winner: o", "drawn, winner: None"}


def bot() -> ModuleType:
    """The bot as a module, whose pauses are short."""
    spec = spec_from_file_location("bot", BOT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.time = SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / 20))  # type: ignore[attr-defined] # of the bot
    return module


@pytest.mark.parametrize("seed", range(count(2, 20)))
async def test_pairs_of_bots_survive_a_server_that_fails(seed: int) -> None:
    """Bots find each other and end their games through lost, doubled and refused frames."""
    play, loop = bot().play, asyncio.get_running_loop()
    limits = Limits(rate=20)
    with ThreadPoolExecutor(BOTS) as threads:
        async with chaos.serve(MemoryStore(), seed, limits=limits) as gateway:
            playing = [
                loop.run_in_executor(threads, play, gateway.url, "", 0.2) for _ in range(BOTS)
            ]
            async with asyncio.timeout(PATIENCE_SECONDS):
                ends = Counter(await asyncio.gather(*playing))
    assert set(ends) <= {"won, winner: x", "won, winner: o", "drawn, winner: None"}
    # The two bots of a game say the same.
    assert all(number % 2 == 0 for number in ends.values())


async def test_the_bot_says_what_is_wrong(gateway: Gateway) -> None:
    """A code that nobody plays is one sentence, and no traceback."""
    bot = await start(gateway.url, "K7QF2M")
    sentence = await said(bot)
    assert bot.returncode == 1
    assert "\n" not in sentence
    assert "game" in sentence
