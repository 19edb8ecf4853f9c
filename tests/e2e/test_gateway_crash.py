"""The gateway killed at random moments under load: what it had acknowledged is there afterwards."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from websockets.exceptions import ConnectionClosed

from shared.board import free, outcome, tile_of
from tests.backend.local.peer import PATIENCE_SECONDS, Peer, peer
from tests.backend.local.program import running
from tests.proofs.counts import count

TABLES = 6
KILLS = count(3, 50)


@dataclass
class Ledger:
    """What clients were told, by game: tokens and the longest history."""

    kill_after: int
    tokens: dict[str, list[str]] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    told: int = 0

    def note(self, code: str, moves: str) -> None:
        self.moves[code] = moves
        self.told += 1
        if self.told >= self.kill_after:
            self.full.set()


async def keep_playing(ada: Peer, bob: Peer, ledger: Ledger, chance: Random) -> None:
    """Plays game after game until the gateway is gone."""
    while True:
        started = await ada.ask(type="start")
        code = started["id"]
        ledger.tokens[code] = [started["token"]]
        joined = await bob.ask(type="join", id=code)
        ledger.tokens[code].append(joined["token"])
        moves = ""
        for player in itertools.cycle((ada, bob)):
            cell = chance.choice(free(moves))
            played = await player.ask(type="play", id=code, tile=tile_of(cell), after=moves)
            moves = played["game"]["moves"]
            ledger.note(code, moves)
            if outcome(moves).over:
                break
        for player in (ada, bob):
            await player.ask(type="leave", id=code)


async def play_until_killed(folder: Path, seed: int) -> Ledger:
    chance = Random(seed)  # noqa: S311 (it must be repeatable)
    ledger = Ledger(kill_after=chance.randint(1, 150))
    async with running(folder, "--rate", "0") as program, AsyncExitStack() as stack:
        pairs = [
            [await stack.enter_async_context(peer(program.url)) for _ in range(2)]
            for _ in range(TABLES)
        ]
        tables = [asyncio.create_task(keep_playing(ada, bob, ledger, chance)) for ada, bob in pairs]
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ledger.full.wait()
        program.process.kill()
        ends = await asyncio.gather(*tables, return_exceptions=True)
        assert all(isinstance(end, ConnectionClosed) for end in ends), ends
    return ledger


@pytest.mark.parametrize("seed", range(KILLS))
async def test_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    """After a kill every acknowledged move is there, every game readable, every seat resumable."""
    ledger = await play_until_killed(tmp_path, seed)
    async with running(tmp_path, "--rate", "0") as program, peer(program.url) as client:
        for code, tokens in ledger.tokens.items():
            for token in tokens:
                back = await client.ask(type="resume", id=code, token=token)
                assert back["type"] == "resume", (seed, back)
                assert back["game"]["moves"].startswith(ledger.moves.get(code, "")), seed
                await client.ask(type="leave", id=code)
