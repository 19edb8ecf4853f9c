"""Which codes refuse which request, found by asking at random."""

from collections.abc import Iterator
from random import Random
from typing import get_args

from msgspec.structs import fields

from shared import messages as wire
from shared.asyncapi import REFUSALS, REPLIES, refusals
from shared.board import tile_of
from shared.errors import ErrorCode
from shared.messages import EMOTES, REQUESTS
from tests.backend.harness import Harness

PEOPLE = ("ada", "bob", "cy", "dee")
SEEDS, STEPS = 40, 800
OPTIONAL = {
    kind: {field.name for field in fields(kind) if not field.required} for kind in REQUESTS.values()
}


def requests(chance: Random, games: list[str], tokens: list[str]) -> dict[str, object]:
    """Fields that lead somewhere more often than not."""
    return {
        "id": chance.choice([*games, "000000"]),
        "tile": tile_of(chance.randrange(4)),
        "token": chance.choice([*tokens, "x." + "z" * 22]),
        "emote": chance.choice(EMOTES),
        "kind": chance.choice(get_args(wire.LobbyKind)),
        "listed": chance.random() < 0.5,
        "after": chance.choice(["", "0", "04"]),
        "key": chance.choice("abcdefghijkl") * 22,
    }


def asked_at_random(seed: int) -> Iterator[tuple[type[wire.Request], wire.AnyEvent]]:
    """What four people ask in no order, and what each request is answered."""
    chance, table = Random(seed), Harness()  # noqa: S311 (it must be repeatable)
    games, tokens = ["K7QF2M"], ["o." + "y" * 22]
    for _ in range(STEPS):
        kind = chance.choice(list(REQUESTS.values()))
        some = requests(chance, games[-4:], tokens[-6:])
        asked = {field: some[field] for field in kind.__struct_fields__ if field in some}
        for field in sorted(OPTIONAL[kind] & asked.keys()):
            if chance.random() < 0.6:
                del asked[field]
        who = chance.choice(PEOPLE)
        table.clock.advance(seconds=chance.choice([0, 0.1, 1, 40]))
        if chance.random() < 0.02:
            table.hang_up(who)
            table.connections.gone.discard(who)
        reply = table.send(who, kind(**asked))  # type: ignore[arg-type] # fields by their name
        if isinstance(reply, wire.Started | wire.Joined) and isinstance(reply.token, str):
            games.append(reply.id)
            tokens.append(reply.token)
        yield kind, reply


def test_the_codes_are_those_of_the_document() -> None:
    """Every code that the document names for a request can come, and no other; so for replies."""
    codes: dict[type, set[ErrorCode]] = {kind: set() for kind in REPLIES}
    for seed in range(SEEDS):
        for kind, reply in asked_at_random(seed):
            if isinstance(reply, wire.Error):
                assert reply.code in refusals(kind), (kind, reply)
                codes[kind].add(reply.code)
            else:
                assert type(reply) in REPLIES[kind], (kind, reply)
    # Nobody watches in a crowd here, or sits at many games.
    assert codes == {kind: REFUSALS[kind] - {ErrorCode.TOO_MANY} for kind in REPLIES}
