"""Frames that nobody would send, by the thousand, at a gateway that serves a game meanwhile."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from shared import codec
from shared.errors import ErrorCode
from shared.messages import REQUESTS, Error, GatewayNotice
from tests.backend.local.peer import PATIENCE_SECONDS, Frame, Peer, peer, seated
from tests.backend.local.program import resident_bytes, running
from tests.proofs.counts import count

FRAMES = count(1_500, 20_000)
BATCH = 50
VALUES: list[object] = [
    *(None, True, 0, -1, 1.5, 10**30, "", "x", "1,1", "O0-il", "\x00", "\ud800", "[/]", "\x1b[2J"),
    *([], {}, [[]], {"type": "start"}, "K7QF2M", "x" * 5000, "z" * 22, ["start"], 2**63, "x.y"),
]
FIELDS = ["id", "tile", "token", "name", "mark", "listed", "clock", "key", "after", "kind", "emote"]
NOISE = '{}[]",:\\/ tfn01.eE+-\u202e\u0000é漢'


def frames(chance: Random, code: str) -> Iterator[str]:
    """Requests with wrong fields, torn and noisy ones, and what is no JSON at all."""
    while True:
        fields: Frame = {"type": chance.choice([*REQUESTS, "$disconnect", "nothing"]), "id": code}
        for name in chance.sample([*FIELDS, "type", "ref", "v"], chance.randrange(4)):
            fields[name] = chance.choice(VALUES)
        text = json.dumps(fields)
        for _ in range(chance.choice([0, 0, 1, 1, 3, 10])):
            at = chance.randrange(len(text) + 1)
            cut = chance.choice([0, 0, 1, 5])
            text = text[:at] + chance.choice(["", *NOISE]) + text[at + cut :]
        yield text


async def answers(client: Peer, batch: list[str]) -> list[str]:
    """All that comes back for these frames."""
    for frame in batch:
        await client.socket.send(frame)
    await client.send(type="ping", ref="the end of it")
    received: list[str] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not received or '"the end of it"' not in received[-1]:
            received.append(str(await client.socket.recv()))
    return received


async def test_nonsense_is_refused_and_disturbs_nobody(tmp_path: Path) -> None:
    """Every frame is answered in the protocol's terms, nothing breaks, others play on."""
    async with (
        running(tmp_path, "--rate", "0") as program,
        peer(program.url) as ada,
        peer(program.url) as bob,
        peer(program.url) as eve,
    ):
        code = await seated(ada, bob)
        made = frames(Random(1), code)  # noqa: S311 (it must be repeatable)
        memory = 0
        for number in range(0, FRAMES, BATCH):
            for text in await answers(eve, [next(made) for _ in range(BATCH)]):
                event = codec.decode_event(text)
                assert event is not None
                assert not isinstance(event, GatewayNotice), text
                assert not isinstance(event, Error) or event.code is not ErrorCode.INTERNAL, text
            memory = memory or resident_bytes(program)
            if number == FRAMES // 2:
                await ada.ask(type="play", id=code, tile="1,1")
        assert (await ada.ask(type="ping", id=code))["game"]["moves"] == "4"
        assert (await bob.ask(type="play", id=code, tile="0,0"))["type"] == "play"
        assert resident_bytes(program) - memory < 20_000_000
        program.process.terminate()
        assert await program.ended() == (0, "", "")
