"""A client that does what the protocol promises is enough: it repeats, resumes and asks."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from websockets.exceptions import WebSocketException

from shared.board import free, tile_of
from tests.backend.local.peer import Frame, Peer, peer


@dataclass
class Stubborn:
    """``patience`` is the seconds after which a reply is taken for lost.

    ``acknowledged`` are the histories that its accepted moves made, ``met`` what went wrong.
    """

    url: str
    chance: Random
    patience: float = 0.25
    id: str = ""
    token: str = ""
    acknowledged: list[str] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    seated: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(self, opening: Frame) -> Frame:
        """Sits down with this request and plays until the game is over, which is returned."""
        while True:
            try:
                async with peer(
                    self.url, open_timeout=20 * self.patience, close_timeout=0.05
                ) as line:
                    await self._sit(line, opening)
                    return await self._finish(line)
            except TimeoutError:
                self.met["silences"] += 1
            except (OSError, WebSocketException):
                self.met["drops"] += 1

    async def _sit(self, line: Peer, opening: Frame) -> None:
        if self.token:
            await self._resume(line)
            return
        seat = await self._ask(line, **opening)
        self.id, self.token = seat["id"], seat["token"]
        self.seated.set()

    async def _resume(self, line: Peer) -> None:
        self.met["resumes"] += 1
        await self._ask(line, type="resume", id=self.id, token=self.token)

    async def _finish(self, line: Peer) -> Frame:
        while True:
            seen = await self._ask(line, type="ping", id=self.id)
            game: Frame = seen["game"]
            if game["status"] in {"won", "drawn"}:
                return game
            if seen["mark"] is None:
                await self._resume(line)
            elif game["turn"] == seen["mark"]:
                await self._move(line, game["moves"])
            else:
                await self._wait(line)

    async def _move(self, line: Peer, moves: str) -> None:
        tile = tile_of(self.chance.choice(free(moves)))
        reply = await self._ask(line, type="play", id=self.id, tile=tile, after=moves)
        if reply["type"] == "play":
            self.acknowledged.append(reply["game"]["moves"])

    async def _ask(self, line: Peer, **request: object) -> Frame:
        async with asyncio.timeout(self.patience):
            while (reply := await line.ask(**request)).get("code") in {"busy", "internal"}:
                self.met[reply["code"]] += 1
        return reply

    async def _wait(self, line: Peer) -> None:
        """Waits for a push, which can be lost."""
        try:
            async with asyncio.timeout(self.patience / 5):
                await line.pushed()
        except TimeoutError:
            self.met["questions"] += 1
