"""Requests that overlap on the deployed stack: doubled, and against each other.

The emulator runs the function's calls at the same time, as AWS does; which of them meet is chance.
What they may leave behind is not.
"""

import asyncio
import itertools
import platform
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from backend.aws import items
from backend.core import game as rules
from backend.core.game import Game
from shared.board import Mark
from tests.backend.infra.deployment import Deployment, deployment
from tests.backend.local.peer import Frame, Peer, peer
from tests.proofs.counts import count

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux", reason="the emulator runs the asset, which is made for Linux"
)

ROUNDS = count(2, 40)
CLOCKS = itertools.count(300)
"""Each round has a clock of its own, so that nobody of another one is met."""


@pytest.fixture(scope="module")
def stack() -> Deployment:
    return deployment()


@asynccontextmanager
async def people(stack: Deployment, number: int) -> AsyncIterator[list[Peer]]:
    async with AsyncExitStack() as sockets:
        yield [await sockets.enter_async_context(peer(stack.endpoint)) for _ in range(number)]


async def insist(one: Peer, **request: Any) -> Frame:
    """The reply to a request that is repeated while it is answered ``busy``."""
    while (reply := await one.ask(**request)).get("code") == "busy":
        pass
    return reply


def games(stack: Deployment) -> list[Game]:
    """All that the deployed table keeps."""
    pages = stack.aws.client("dynamodb").get_paginator("scan").paginate(TableName=stack.table)
    return [items.game_of(item) for page in pages for item in page["Items"]]


def held(kept: list[Game]) -> Counter[str]:
    """How many living seats each token has."""
    return Counter(
        seat.token for game in kept for seat in (game.x, game.o) if seat.taken and game.is_open
    )


async def test_doubled_quick_matches(stack: Deployment) -> None:
    """A key that is used on two connections at once is one seat, and everybody knows the table."""
    for clock in itertools.islice(CLOCKS, ROUNDS):
        keys = [f"{clock}{who}".rjust(22, "k") for who in range(4)]
        async with people(stack, 8) as sockets:
            match = {"type": "match", "clock": clock}
            asked = [(one, keys[place % 4]) for place, one in enumerate(sockets)]
            await asyncio.gather(*(insist(one, **match, key=key) for one, key in asked))
            for _ in range(3):
                told = [await insist(one, **match, key=key) for one, key in asked]
        kept = {game.id: game for game in games(stack)}
        seats = held(list(kept.values()))
        assert [seats[rules.hash_key(key)] for key in keys] == [1, 1, 1, 1]
        for (_, key), reply in zip(asked, told, strict=True):
            seat = kept[reply["id"]].seat(Mark(reply["mark"]))
            assert seat.token == rules.hash_key(key)


async def twice(one: Peer, **request: Any) -> None:
    """Sends a request twice, the second before the first is answered, and awaits both replies."""
    refs = {"a", "b"}
    for ref in sorted(refs):
        await one.send(**request, ref=ref)
    while refs:
        refs.discard((await one.next()).get("ref"))


@pytest.mark.parametrize("other", ["leave", "resume"])
async def test_a_rematch_accepted_twice(stack: Deployment, other: str) -> None:
    """Accepted twice while the other goes or comes back, a rematch is there once or not at all."""
    for _ in range(ROUNDS):
        async with people(stack, 3) as (ada, bob, ada_again):
            started = await ada.ask(type="start", listed=True)
            code = started["id"]
            await bob.ask(type="join", id=code)
            await bob.ask(type="resign", id=code)
            await ada.ask(type="rematch", id=code)
            if other == "leave":
                meanwhile = ada.ask(type="leave", id=code)
            else:
                meanwhile = ada_again.ask(type="resume", id=code, token=started["token"])
            await asyncio.gather(meanwhile, twice(bob, type="rematch", id=code))
        kept = {game.id: game for game in games(stack)}
        old = kept[code]
        two = {old.x.token, old.o.token}
        others = [game.id for game in kept.values() if {game.x.token, game.o.token} == two]
        assert sorted(others) == sorted({code, old.next or code})
        assert (old.status, old.winner) == ("resigned", "x")
