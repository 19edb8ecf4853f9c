"""Quick matches that meet: whoever looks for an opponent ends at one table, or waits at one."""

import json
from functools import partial
from random import Random

from shared import messages as wire
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore
from tests.proofs.counts import count
from tests.proofs.failing import Failing

PEOPLE = ("ada", "bob", "eve", "kim", "lee", "may")
STEPS = 12
WORLDS = count(300, 20_000)


class World:
    """People who look for each other, at the same moment, over and over; by seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 (it must be repeatable)
        self.games = MemoryStore()
        self.store = Failing(self.games)
        self.table = Harness(self.store)
        self.keys = {name: self.table.key() for name in PEOPLE}
        self.places: dict[str, str] = {}

    def ask(self, who: str, **fields: object) -> wire.AnyEvent | None:
        self.table.clock.advance(ms=self.chance.choice([0, 1]))
        return self.table.frame(who, json.dumps({**fields, "ref": "r"}))

    def look(self, who: str) -> None:
        """A quick match, the first or one that is asked again."""
        again = who in self.places and self.chance.random() < 0.8
        known = {"id": self.places[who]} if again else {}
        reply = self.ask(who, type="match", key=self.keys[who], **known)
        if isinstance(reply, wire.Started | wire.Joined):
            self.places[who] = reply.id

    def do(self, who: str) -> None:
        """What people do who are not waited for: mostly the same."""
        place = self.places.get(who)
        match self.chance.choice(["look", "look", "look", "leave", "resign", "play"]):
            case "look":
                self.look(who)
            case "play" if place is not None:
                self.ask(who, type="play", id=place, tile=self.chance.choice(["0,0", "1,1"]))
            case "resign" if place is not None:
                self.ask(who, type="resign", id=place)
            case "leave" if place is not None:
                self.ask(who, type="leave", id=place)
                self.keys[who] = self.table.key()
                del self.places[who]

    def seats(self, who: str) -> list[str]:
        """The games that are not over and this connection sits at."""
        return [
            match.id
            for match in self.games.games.values()
            if match.phase in {"waiting", "playing"}
            and who in {match.x.connection, match.o.connection}
        ]


def test_nobody_sits_at_two_tables() -> None:
    """However quick matches meet, each looker has one place at most, and knows which."""
    for seed in range(WORLDS):
        world = World(seed)
        for _ in range(STEPS):
            first, second = world.chance.sample(PEOPLE, 2)
            world.store.interrupt(world.chance.randint(1, 8), partial(world.do, second))
            world.look(first)
            world.store.interrupt(0, tuple)
        for who in PEOPLE:
            seats = world.seats(who)
            assert seats in ([], [world.places.get(who)]), (seed, who, seats)
        for match in world.games.games.values():
            waits = match.status == "waiting"
            assert not (waits and (match.moves or match.winner)), (seed, match)
