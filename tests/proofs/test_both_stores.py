"""The same requests over both stores: answered the same, and heard of by the same people."""

from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

from backend.core.game import Game
from backend.local.sqlite import SqliteStore
from shared import messages as wire
from shared.board import tile_of
from tests.backend.aws.emulator import emulator
from tests.backend.harness import Harness
from tests.proofs.counts import count

PEOPLE = ("ada", "bob", "eve", "kim", "lee")
FANS = ("fan1", "fan2")
"""They watch, and stay: whether it finds those who watched and are gone is left to each store."""
STEPS = 60


class Crowd:
    """People who ask for this and that; by seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 (it must be repeatable)
        self.lives = dict.fromkeys(PEOPLE, 0)
        self.keys: dict[str, str] = {}
        self.games = ["K7QF2M"]
        self.tokens = [("K7QF2M", "x." + "t" * 22)]

    def deed(self) -> Callable[[Harness], object]:
        """What happens next, to be done on each store."""
        person = self.chance.choice(PEOPLE)
        if self.chance.random() < 0.06:
            self.lives[person] += 1
            who = f"{person}{self.lives[person] - 1}"
            return lambda table: table.hang_up(who)
        who = f"{person}{self.lives[person]}"
        request = self.request(person)
        if isinstance(request, wire.Watch):
            who = self.chance.choice(FANS)
        return lambda table: table.send(who, request)

    def request(self, person: str) -> wire.AnyRequest:
        chance, game_id = self.chance, self.chance.choice(self.games[-3:])
        if person not in self.keys or chance.random() < 0.2:
            self.keys[person] = f"{chance.getrandbits(60):022d}"
        key = self.keys[person]
        kind = chance.choice("sjmmpppppprrclnvaaaweio")
        resumed, token = chance.choice(self.tokens[-6:])
        play = wire.Play(id=game_id, tile=tile_of(chance.randrange(9)))
        requests: dict[str, wire.AnyRequest] = {
            "s": wire.Start(listed=True, key=key, clock=chance.choice([0, 5])),
            "j": wire.Join(id=game_id, key=key),
            "m": wire.QuickMatch(key=key),
            "n": wire.QuickMatch(key=key, id=game_id),
            "p": play,
            "r": wire.Rematch(id=game_id),
            "c": wire.Claim(id=game_id),
            "l": wire.Leave(id=game_id),
            "v": wire.Resign(id=game_id),
            "a": wire.Resume(id=resumed, token=token),
            "w": wire.Watch(id=game_id),
            "e": wire.Emote(id=game_id, emote="gg"),
            "i": wire.List(kind=chance.choice(["open", "live"])),
            "o": wire.Ping(id=game_id),
        }
        return requests[kind]

    def learn(self, reply: object) -> None:
        if isinstance(reply, wire.Started | wire.Joined) and isinstance(reply.token, str):
            self.games.append(reply.id)
            self.tokens.append((reply.id, reply.token))
        if isinstance(reply, wire.RematchOffered) and reply.next:
            self.games.append(reply.next.id)


def heard(table: Harness) -> dict[str, list[Any]]:
    """All that was pushed since the last time; the order is promised within a game only."""
    return {
        who: sorted(table.heard(who), key=lambda event: str(getattr(event, "id", "")))
        for who in sorted(table.connections.inbox)
    }


def kept(table: Harness, games: list[str]) -> list[Game | None]:
    return [table.store.load(game_id, table.at) for game_id in games]


def test_both_stores_agree() -> None:
    """Whatever is asked in whatever order, both stores answer, tell and keep the same."""
    for seed in range(count(3, 400)):
        crowd = Crowd(seed)
        with closing(SqliteStore(":memory:")) as sqlite:
            tables = [Harness(sqlite), Harness(emulator().store())]
            for step in range(STEPS):
                deed, ms = crowd.deed(), crowd.chance.choice([0, 1, 1_000, 40_000])
                outcomes = []
                for table in tables:
                    table.clock.advance(ms=ms)
                    reply = deed(table)
                    outcomes.append((reply, heard(table), kept(table, crowd.games[-5:])))
                assert outcomes[0] == outcomes[1], (seed, step)
                crowd.learn(outcomes[0][0])
