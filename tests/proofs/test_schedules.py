"""Requests at once: whatever overlaps and whatever fails, no seat, game or result is lost."""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from random import Random

import pytest
from msgspec import UNSET
from msgspec.structs import replace as with_fields

from backend.core import game as rules
from backend.core.game import Game
from backend.core.ports import Busy
from shared import messages as wire
from shared.board import Mark, tile_of
from tests.backend.harness import Harness
from tests.backend.memory import ManualClock, MemoryStore
from tests.proofs.counts import count
from tests.proofs.schedules import Choices, FaultyStore, PointedConnections, Tasks, every

PATIENCE = 4
"""How often a client asks again where it is answered that the server is busy."""

KEYS = {who: f"{who}{'k' * 22}"[:22] for who in ("ada", "bob", "carl", "kim", "eve", "joe", "max")}
LIVING = {"waiting", "playing"}
Told = wire.Started | wire.Joined


class Broken(AssertionError):
    """A promise that was broken."""


class World:
    """A service on which requests overlap, and what is promised of it."""

    def __init__(self, scene: "Scene", choices: Choices, faults: int = 0) -> None:
        self.tasks = Tasks(choices)
        self.memory = MemoryStore()
        self.memory.games = dict(scene.games)
        self.connections = PointedConnections(self.tasks)
        self.store = FaultyStore(self.memory, self.tasks, choices, faults, self.look)
        clock = ManualClock(scene.now)
        self.table = Harness(self.store, connections=self.connections, clock=clock)
        self.seen = dict(scene.games)
        self.seated = {seat.token for game in scene.games.values() for seat in (game.x, game.o)}
        self.told: list[tuple[str, Told]] = []
        self.answers: list[wire.AnyEvent] = []

    def ask(self, who: str, request: wire.AnyRequest) -> wire.AnyEvent:
        """The reply, for which a client asks again as long as it is told to."""
        for _ in range(PATIENCE):
            reply = self.table.send(who, request)
            if not (isinstance(reply, wire.Error) and reply.code == "busy"):
                break
        else:
            raise Broken(f"{request} is busy for ever")
        if isinstance(reply, wire.Error) and reply.code == "internal":
            raise Broken(f"{request} fails")
        self.answers.append(reply)
        if isinstance(reply, Told) and isinstance(reply.token, str):
            self.told.append((reply.token[2:], reply))
        return reply

    def drop(self, who: str) -> None:
        """The platform tells that a connection is lost; that can come too early, and twice."""
        self.connections.gone.add(who)
        with suppress(Busy):
            self.table.service.disconnected(who)

    # Promises that hold at every moment

    def look(self) -> None:
        for game in self.memory.games.values():
            before = self.seen.get(game.id)
            if before is game:
                continue
            self.seen[game.id] = game
            if before is not None:
                _compare(before, game)
        held = Counter(
            seat.token
            for game in self.memory.games.values()
            for seat in (game.x, game.o)
            if seat.taken and game.status in LIVING
        )
        if twice := [token for token, number in held.items() if number > 1]:
            raise Broken(f"one key has two living seats: {twice}")

    # Promises that hold in the end

    def check(self, asked: Iterable[tuple[str, wire.AnyRequest]]) -> None:
        """Every request of a key is repeated to the end, without a fault; then all is looked at."""
        wishes = [
            (who, request)
            for who, request in asked
            if isinstance(request, wire.Start | wire.Join | wire.QuickMatch)
        ]
        answers: list[object] = []
        # One who waits may find another yet; from then on the answer is the same for ever.
        for _ in range(2 + len(wishes)):
            before, answers = answers, [_essence(self.ask(*wish)) for wish in wishes]
        if answers != before:
            raise Broken(f"{wishes} are answered {before}, then {answers}")
        self.check_seats()
        self.check_lobby()
        self.check_answers()
        self.check_rematches()

    def check_seats(self) -> None:
        """Whoever was told of a seat has it, and whoever has a living one was told of it last."""
        last: dict[str, Told] = {}
        for key, told in self.told:
            last[rules.hash_key(key)] = told
            game = self.memory.games[told.id]
            if game.seat(told.mark).token != rules.hash_key(key):
                raise Broken(f"{told.id} is not {key}'s any more")
        for game in self.memory.games.values():
            for seat in (game.x, game.o):
                if game.status not in LIVING or not seat.taken:
                    continue
                if seat.token not in last and seat.token not in self.seated:
                    raise Broken(f"{seat} of {game.id} knows nothing of it")
                if seat.token in last and game.id not in self.led_to(last[seat.token].id):
                    raise Broken(f"{seat} of {game.id} was sent to {last[seat.token].id}")

    def led_to(self, game_id: str) -> set[str]:
        """This game and those that its players went on to."""
        game = self.memory.games.get(game_id)
        return {game_id} | (self.led_to(game.next) if game is not None and game.next else set())

    def check_lobby(self) -> None:
        """Every entry of the lobby can be entered, or watched."""
        for kind, status in (("open", "waiting"), ("live", "playing")):
            for line in self.memory.lobby(kind, 0):  # type: ignore[arg-type] # one of the two
                game = self.memory.games[line.id]
                players = {seat.connection for seat in (game.x, game.o)} - {None}
                if game.status != status or not players:
                    raise Broken(f"{game} is listed as {kind}")
                if kind == "open" and game.x.taken and game.o.taken:
                    raise Broken(f"{game} has no free seat")

    def check_answers(self) -> None:
        """What was answered stays true: moves stay in the history, a result is the result."""
        for reply in self.answers:
            shown = getattr(reply, "game", UNSET)
            if shown is UNSET or shown is None or shown.id not in self.memory.games:
                continue
            game = self.memory.games[shown.id]
            if not game.moves.startswith(shown.moves):
                raise Broken(f"{shown.moves} of {shown.id} became {game.moves}")
            if shown.status in wire.FINISHED and shown.status != game.status:
                raise Broken(f"{shown.id} was {shown.status} and is {game.status}")
            if shown.rev > game.rev:
                raise Broken(f"{shown.id} was shown at {shown.rev}, and is at {game.rev}")

    def check_rematches(self) -> None:
        """A game that went on has a next one, of the same two, with marks swapped."""
        for game in self.memory.games.values():
            if game.next is None or game.status == "cancelled":
                continue
            new = self.memory.games.get(game.next)
            if new is None or (new.x.token, new.o.token) != (game.o.token, game.x.token):
                raise Broken(f"{game} goes on to {new}")


def _compare(before: Game, after: Game) -> None:
    """What is promised of every change of a game."""
    if after.rev < before.rev or (after.rev == before.rev and _shown(after) != _shown(before)):
        raise Broken(f"rev does not grow: {before} {after}")
    if not after.moves.startswith(before.moves):
        raise Broken(f"a move is lost: {before} {after}")
    if before.phase in {"finished", "cancelled"} and _result(before) != _result(after):
        raise Broken(f"a result changes: {before} {after}")
    for mark in Mark:
        token = before.seat(mark).token
        if token and after.seat(mark).token != token:
            raise Broken(f"a seat is taken away: {before} {after}")


def _shown(game: Game) -> object:
    return (game.status, game.moves, game.winner, game.x, game.o, game.offer, game.next)


def _result(game: Game) -> object:
    return (game.status, game.winner, game.moves, game.series)


def _essence(reply: wire.AnyEvent) -> object:
    names = ("type", "code", "id", "mark", "token")
    return [type(reply).__name__, *(getattr(reply, name, None) for name in names)]


# Scenes: what there is before the requests, and the requests that can meet there


@dataclass
class Scene:
    """Games, and deeds by name, each with who asks what."""

    games: dict[str, Game]
    now: int
    asks: dict[str, tuple[str, wire.AnyRequest]] = field(default_factory=dict)
    drops: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [*self.asks, *self.drops]

    def deed(self, world: World, name: str) -> Callable[[], object]:
        if name in self.drops:
            return partial(world.drop, self.drops[name])
        return partial(world.ask, *self.asks[name])

    def questions(self, names: Sequence[str]) -> list[tuple[str, wire.AnyRequest]]:
        return [self.asks[name] for name in names if name in self.asks]


def scene_of(table: Harness) -> Scene:
    assert isinstance(table.store, MemoryStore)
    return Scene(dict(table.store.games), table.clock.now())


def _match(who: str, game_id: str | None = None, key: str | None = None) -> wire.QuickMatch:
    named = UNSET if game_id is None else game_id
    return wire.QuickMatch(key=key or KEYS[who], id=named)


def a_lobby() -> Scene:
    """Two who wait, one who waits a little less long, and two who come."""
    table = Harness()
    ada = table.start("ada", listed=True, key=KEYS["ada"])
    table.clock.advance(ms=1)
    carl = table.start("carl", listed=True, key=KEYS["carl"])
    table.clock.advance(ms=1)
    kim = table.start("kim", listed=True, key=KEYS["kim"])
    assert isinstance(ada.token, str)
    scene = scene_of(table)
    scene.asks = {
        "match": ("bob", _match("bob")),
        "match elsewhere": ("bob2", _match("bob")),
        "match of a third": ("max", _match("max")),
        "match moving": ("kim", _match("kim", kim.id)),
        "match moving, by its key": ("kim", _match("kim")),
        "match moving, other key": ("kim", _match("kim", kim.id, "z" * 22)),
        "match of a host": ("carl", _match("carl", carl.id)),
        "match of the oldest": ("ada", _match("ada", ada.id)),
        "start": ("bob", wire.Start(listed=True, key=KEYS["bob"])),
        "join": ("eve", wire.Join(id=ada.id, key=KEYS["eve"])),
        "join the newest": ("joe", wire.Join(id=kim.id, key=KEYS["joe"])),
        "resume": ("ada2", wire.Resume(id=ada.id, token=ada.token)),
        "leave": ("ada", wire.Leave(id=ada.id)),
        "leave, the newest": ("kim", wire.Leave(id=kim.id)),
        "watch": ("lee", wire.Watch(id=ada.id)),
        "list": ("lee", wire.List()),
        "ping": ("ada", wire.Ping(id=ada.id)),
    }
    scene.drops = {"host is lost": "ada", "mover is lost": "kim", "seeker is lost": "bob"}
    return scene


def a_ghost() -> Scene:
    """Nobody noticed that the oldest host is gone."""
    table = Harness()
    ada = table.start("ada", listed=True, key=KEYS["ada"])
    table.clock.advance(ms=1)
    table.start("carl", listed=True, key=KEYS["carl"])
    table.clock.advance(ms=1)
    kim = table.start("kim", listed=True, key=KEYS["kim"])
    assert isinstance(ada.token, str)
    scene = scene_of(table)
    scene.asks = {
        "match": ("bob", _match("bob")),
        "match moving": ("kim", _match("kim", kim.id)),
        "resume": ("ada2", wire.Resume(id=ada.id, token=ada.token)),
        "join": ("eve", wire.Join(id=ada.id, key=KEYS["eve"])),
    }
    scene.drops = {"host is lost": "ada"}
    return scene


def a_game(moves: str = "0314") -> Scene:
    """Two who play, the next move is the last, and the clock has run out for its player."""
    table = Harness()
    started = table.start("ada", listed=True, clock=5, key=KEYS["ada"])
    joined = table.join("bob", started.id, key=KEYS["bob"])
    table.play(started.id, moves)
    table.clock.advance(seconds=6)
    assert isinstance(started.token, str)
    assert isinstance(joined.token, str)
    code = started.id
    scene = scene_of(table)
    scene.asks = {
        "play": ("ada", wire.Play(id=code, tile=tile_of(2), after=moves)),
        "play another": ("ada", wire.Play(id=code, tile=tile_of(8), after=moves)),
        "play without after": ("ada", wire.Play(id=code, tile=tile_of(2))),
        "play out of turn": ("bob", wire.Play(id=code, tile=tile_of(5))),
        "resign": ("ada", wire.Resign(id=code)),
        "resign, the other": ("bob", wire.Resign(id=code)),
        "claim": ("bob", wire.Claim(id=code)),
        "resume": ("ada2", wire.Resume(id=code, token=started.token)),
        "resume, the other": ("bob2", wire.Resume(id=code, token=joined.token)),
        "leave": ("ada", wire.Leave(id=code)),
        "rematch": ("ada", wire.Rematch(id=code)),
        "emote": ("ada", wire.Emote(id=code, emote="gg")),
        "watch": ("lee", wire.Watch(id=code)),
        "join again": ("bob", wire.Join(id=code, key=KEYS["bob"])),
        "ping": ("ada", wire.Ping(id=code)),
    }
    scene.drops = {"x is lost": "ada", "o is lost": "bob"}
    return scene


def an_offer() -> Scene:
    """A game that is over, whose loser offers another."""
    table = Harness()
    started = table.start("ada", listed=True, key=KEYS["ada"])
    joined = table.join("bob", started.id, key=KEYS["bob"])
    table.play(started.id, "03142")
    table.send("bob", wire.Rematch(id=started.id))
    table.send("lee", wire.Watch(id=started.id))
    assert isinstance(started.token, str)
    assert isinstance(joined.token, str)
    code = started.id
    scene = scene_of(table)
    scene.asks = {
        "accept": ("ada", wire.Rematch(id=code)),
        "offer again": ("bob", wire.Rematch(id=code)),
        "leave": ("bob", wire.Leave(id=code)),
        "leave, the other": ("ada", wire.Leave(id=code)),
        "resume": ("bob2", wire.Resume(id=code, token=joined.token)),
        "resume, the other": ("ada2", wire.Resume(id=code, token=started.token)),
        "watch": ("kim", wire.Watch(id=code)),
        "unwatch": ("lee", wire.Leave(id=code)),
        "emote": ("bob", wire.Emote(id=code, emote="gg")),
        "match": ("ada", wire.QuickMatch(key="m" * 22)),
        "start again": ("ada", wire.Start(listed=True, key=KEYS["ada"])),
        "join again": ("bob", wire.Join(id=code, key=KEYS["bob"])),
    }
    scene.drops = {"x is lost": "ada", "o is lost": "bob"}
    return scene


SCENES = {
    "lobby": a_lobby(),
    "ghost": a_ghost(),
    "game": a_game(),
    "offer": an_offer(),
}


def run(scene: str, names: Sequence[str], choices: Choices, faults: int) -> None:
    """One schedule of these deeds, and the promises.

    A failure names the choices, from which ``run`` makes it again.
    """
    made = SCENES[scene]
    world = World(made, choices, faults)
    if scene == "ghost":
        world.connections.gone.add("ada")
    try:
        world.tasks.run([made.deed(world, name) for name in names])
        world.store.faults = 0
        world.check(made.questions(names))
    except Exception as error:
        raise AssertionError(
            f"{error}\nrun({scene!r}, {names}, Choices({choices.made}), {faults})"
        ) from error


@pytest.mark.parametrize("scene", SCENES)
def test_two_requests_at_once(scene: str) -> None:
    """Of two requests of any kind, in every order of their steps, nothing is lost."""
    tried = 0
    for names in itertools.product(SCENES[scene].names, repeat=2):
        for choices in every(count(1, 4)):
            run(scene, names, choices, 0)
            tried += 1
    print(f"{scene}: {tried} schedules of two")  # noqa: T201 (what the long run tells)


@pytest.mark.parametrize("scene", SCENES)
def test_one_request_that_fails(scene: str) -> None:
    """A request each step of which can fail in each way is repeated to the same end."""
    tried = 0
    for name in SCENES[scene].names:
        for choices in every(count(1, 2)):
            run(scene, (name,), choices, count(1, 2))
            tried += 1
    print(f"{scene}: {tried} failures of one")  # noqa: T201 (as above)


@pytest.mark.parametrize("scene", SCENES)
def test_two_requests_of_which_one_fails(scene: str) -> None:
    """While a step of one fails, applied or not, the other finds everything in order."""
    pairs = list(itertools.product(SCENES[scene].names, repeat=2))
    for number in range(count(300, 60_000)):
        chance = Random(f"{scene}/{number}")  # noqa: S311 (it must be repeatable)
        run(scene, chance.choice(pairs), Choices(chance=chance), 1)


# Three to five players, who do this and that


class Player:
    """Somebody who seeks games and plays them, now and then from elsewhere; by seed."""

    def __init__(self, name: str, chance: Random, world: World) -> None:
        self.name = name
        self.chance = chance
        self.world = world
        self.life = 0
        self.keys = 0
        self.seat: Told | None = None
        self.wish: wire.AnyRequest = self.new_wish()

    @property
    def who(self) -> str:
        return f"{self.name}{self.life}"

    def new_wish(self) -> wire.AnyRequest:
        self.keys += 1
        key = f"{self.name}{self.keys:019d}"
        self.seat = None
        if self.chance.random() < 0.3:
            return wire.Start(listed=True, key=key)
        return wire.QuickMatch(key=key)

    def live(self, deeds: int) -> None:
        for _ in range(deeds):
            self.do(self.chance.choice("wwwwwppprreelcdan"))

    def do(self, deed: str) -> None:
        code = self.seat.id if self.seat else ""
        match deed:
            case "w":
                self.seek()
            case "n":
                self.wish = self.new_wish()
            case "p" if code:
                tile = tile_of(self.chance.randrange(9))
                self.ask(wire.Play(id=code, tile=tile))
            case "r" if code:
                self.ask(wire.Rematch(id=code))
            case "e" if code:
                self.ask(wire.Resign(id=code))
            case "c" if code:
                self.ask(wire.Claim(id=code))
            case "l" if code:
                self.ask(wire.Leave(id=code))
                self.wish = self.new_wish()
            case "d":
                self.world.drop(self.who)
                self.life += 1
            case "a" if self.seat is not None and isinstance(self.seat.token, str):
                self.life += 1
                self.ask(wire.Resume(id=code, token=self.seat.token))

    def seek(self) -> None:
        wish = self.wish
        if isinstance(wish, wire.QuickMatch) and self.seat and self.chance.random() < 0.5:
            wish = with_fields(wish, id=self.seat.id)
        reply = self.ask(wish)
        if isinstance(reply, Told) and self.chance.random() < 0.8:  # else the reply is lost
            self.seat = reply

    def ask(self, request: wire.AnyRequest) -> wire.AnyEvent:
        return self.world.ask(self.who, request)


def test_three_to_five_players_at_once() -> None:
    """Whatever several players do at the same moment, and whatever fails, nothing is lost."""
    empty = Scene({}, ManualClock().ms)
    for seed in range(count(250, 40_000)):
        chance = Random(f"players/{seed}")  # noqa: S311 (it must be repeatable)
        world = World(empty, Choices(chance=chance), faults=chance.choice([0, 0, 1, 3]))
        names = ("ada", "bob", "eve", "kim", "lee")[: chance.randint(3, 5)]
        players = [Player(name, Random(f"{seed}/{name}"), world) for name in names]  # noqa: S311 (as above)
        try:
            world.tasks.run([partial(player.live, chance.randint(2, 6)) for player in players])
            world.store.faults = 0
            world.check((player.who, player.wish) for player in players)
        except Exception as error:
            raise AssertionError(f"{error}\nseed {seed}") from error
