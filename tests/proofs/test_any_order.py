"""Anything that players, watchers and networks do, in any order, judged by a second writing."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from backend.core import game as rules
from backend.core.game import Game
from backend.core.ports import Busy, Store
from backend.local.sqlite import SqliteStore
from shared import codec
from shared import messages as wire
from tests.backend.aws.emulator import emulator
from tests.backend.harness import Harness
from tests.backend.memory import MemoryStore
from tests.proofs import model
from tests.proofs.counts import count, examples
from tests.proofs.failing import Failing
from tests.proofs.model import FINISHED, Json, Model, Record, is_history

PEOPLE = ("ada", "bob", "eve", "kim", "lee")
TRUTH = "the truth"
DROP = "drop"
KEYED = {"start", "join", "match"}
CROWD = [f"fan{number:02}" for number in range(21)]

people = st.sampled_from(PEOPLE)
which = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, -1])
cells = st.integers(0, 8)
clocks = st.sampled_from([0, 0, 5])
names = st.sampled_from(["", "Ada", "Grüße 漢字"])
SIX_HOURS = 6 * 3_600_000
steps = st.sampled_from([1, 500, 999, 4_999, 5_000, 29_999, 30_000, 60_000] * 2 + [SIX_HOURS // 2])
ages = st.sampled_from([SIX_HOURS - 60_001, SIX_HOURS - 1, SIX_HOURS])
asked = st.sampled_from(["claim", "claim", "rematch", "watch", "ping", "leave", "resign"])
nonsense: st.SearchStrategy[Json] = st.sampled_from(
    [
        *({"type": "play", "tile": "2,2", "after": moves} for moves in ("00", "9", "0314258", "x")),
        *({"type": "resume", "token": token} for token in ("", "x.", "x", "o." + "A" * 22)),
        *({"type": kind, "token": "", "v": 2} for kind in ("start", "join", "resume", "watch")),
    ]
)


_INESSENTIAL = re.compile(r'"rev": \d+|"message": "[^"]*", ')
Deed = tuple[str, str, int]
deeds: st.SearchStrategy[Deed] = st.tuples(
    st.sampled_from(["x", "o", "x", "o", "kim"]),
    st.sampled_from(
        ["play", "play", "play", "resume", "claim", "resign", "rematch", "leave", "join", "watch"]
    ),
    cells,
)


class AnyOrder(RuleBasedStateMachine):
    """Two seats, third joiners, watchers, duplicates, stale moves, drops, resumes, a moving clock.

    Each of the ``PEOPLE`` has one connection at a time and a new one after each drop; whoever
    knows a token can use it, whoever it was given to.
    """

    knows_watchers = True
    """Whether the store finds what a lost connection watched."""

    def new_store(self) -> Store:
        return MemoryStore()

    def open(self) -> None:
        self.store = Failing(self.new_store())
        self.table = Harness(self.store)
        self.model = Model(self.table.clock.now(), knows_watchers=self.knows_watchers)
        self.lives = dict.fromkeys(PEOPLE, 0)
        self.unannounced: list[str] = []
        self.tokens: list[tuple[str, str]] = []
        self.sent: list[tuple[str, Json]] = []
        self.seen: dict[str, Json] = {}
        self.rights: dict[str, tuple[str, str]] = {}
        self.trouble: tuple[int, bool] | None = None
        self.crowded = False
        self.keys = 0
        self.refs = 0

    @initialize(clock=clocks, listed=st.booleans(), moves=st.sampled_from(["", "40", "0314", "3"]))
    def begin(self, clock: int, listed: bool, moves: str) -> None:
        """Most of what can happen happens to a game of two."""
        self.open()
        self.start(person="ada", mark="x", clock=clock, name="", listed=listed, given=True)
        self.join("bob", 0, "", given=True)
        for cell in moves:
            self.send_move(self.game(0), _tile(int(cell)), {})

    def who(self, person: str) -> str:
        return f"{person}{self.lives[person]}"

    def code(self, index: int) -> str:
        """A known game, the newest first; for -1 one that nobody has heard of."""
        codes = list(self.model.games)[::-1]
        return codes[index % len(codes)] if codes and index >= 0 else "ZZZZZZ"

    def game(self, index: int) -> Record | None:
        return self.model.games.get(self.code(index))

    def key(self, *, given: bool) -> Json:
        if not given:
            return {}
        self.keys += 1
        return {"key": f"mine{self.keys:018d}"}

    # One request, judged

    def send(self, who: str, fields: Json, *, answered: bool = True) -> Json | None:
        """Sends a request and compares everything that came of it with the model."""
        if answered:
            self.refs += 1
            fields = {**fields, "ref": f"r{self.refs}"}
        if self.trouble and _is_repeatable(fields):
            self.send_in_trouble(who, fields)
        self.sent.append((who, fields))
        before = self.stored()
        reply = _json(self.table.frame(who, json.dumps(fields)))
        if reply is not None and reply["type"] == "error":
            if fields["type"] != "claim":
                assert self.stored() == before, "a refused request changed something"
            assert reply.pop("message").endswith("."), "an error is a sentence"
        expected = self.model.answer(who, fields, reply)
        assert reply == expected, f"{fields} by {who}"
        if reply is not None and "token" in reply:
            self.tokens.append((reply["id"], reply["token"]))
        self.compare()
        return reply

    def send_in_trouble(self, who: str, fields: Json) -> None:
        """The store fails meanwhile; what was asked comes again, as if nothing had been said."""
        asked, undisturbed = {**fields, "ref": "trouble"}, deepcopy(self.model)
        with self.failing():
            self.table.frame(who, json.dumps(asked))
        self.take_over(fields.get("key"))
        if fields["type"] == "match":
            return
        reply = self.send(who, asked, answered=False)
        assert reply is not None
        expected = undisturbed.answer(who, asked, reply)
        assert expected is not None
        assert _essence(reply) == _essence(expected), f"{fields} by {who}, repeated"

    @contextmanager
    def failing(self) -> Iterator[None]:
        change, after = self.trouble or (0, False)
        self.trouble = None
        self.store.fail(change, after=after)
        yield
        self.store.fail(0, after=False)

    def take_over(self, key: str | None) -> None:
        """What a failure left behind is right by itself, whatever part of a request it is."""
        self.heard()
        self.model.pushes = []
        for code in dict.fromkeys([*self.model.games, *self.store.created]):
            match = self.store.load(code, self.table.at)
            if match is None:
                continue
            self.model.take_over(match)
            if key is not None and model.digest(key) in {match.x.token, match.o.token}:
                self.learn(key, match)
        self.compare()

    def learn(self, key: str, match: Game) -> None:
        """What came of a key, told by what is stored."""
        if match.status == "cancelled" and match.next is not None:
            self.model.led[key] = (match.next, match.expires)
        elif match.status == "waiting":
            self.model.started[key] = match.id

    def stored(self) -> list[Game | None]:
        return [self.table.store.load(code, self.table.at) for code in self.model.games]

    def heard(self) -> list[tuple[str, Json | None]]:
        """What was pushed since the last time."""
        return [
            (connection, _json(event))
            for connection in list(self.table.connections.inbox)
            for event in self.table.heard(connection)
        ]

    def compare(self) -> None:
        """Everybody heard what they should, every game stands as it should."""
        assert _sorted(self.heard()) == _sorted(self.model.pushes)
        for code in self.model.games:
            pong = _json(self.table.frame(TRUTH, json.dumps({"type": "ping", "id": code})))
            record = self.model.living(code)
            assert pong is not None
            if record is None:
                assert pong.get("code") == "no_such_game"
                self.seen.pop(code, None)
                self.rights.pop(code, None)
                continue
            assert pong["game"] == record.view()
            self.check_history(code, pong["game"])
            self.check_rights(code)

    def check_history(self, code: str, game: Json) -> None:
        """What is promised of every game, whatever happened since it was last looked at."""
        moves = game["moves"]
        assert is_history(moves)
        assert (game["status"] in FINISHED) == (game["winner"] is not None or _drawn(game))
        earlier = self.seen.get(code)
        if earlier is not None:
            assert moves.startswith(earlier["moves"])
            changed = _without_watchers(game) != _without_watchers(earlier)
            assert game["rev"] > earlier["rev"] if changed else game["rev"] >= earlier["rev"]
            if earlier["status"] in FINISHED:
                assert _result(game) == _result(earlier)
        self.seen[code] = game

    def check_rights(self, code: str) -> None:
        """No connection and no key has two places, and a seat taken stays its owner's."""
        match = self.table.store.load(code, self.table.at)
        assert match is not None
        places = Counter([*match.watchers, match.x.connection, match.o.connection])
        del places[None]
        assert set(places.values()) <= {1}
        assert match.x.token != match.o.token
        rights = (match.x.token, match.o.token)
        chairs = self.model.games[code].chairs
        assert rights == (chairs["x"].token, chairs["o"].token)
        for before, now in zip(self.rights.get(code, ("", "")), rights, strict=True):
            assert before in {"", now}, "a seat was given twice"
        self.rights[code] = rights

    # What people do

    @rule(
        person=people,
        mark=st.sampled_from(["x", "o", "random"]),
        clock=clocks,
        name=names,
        listed=st.booleans(),
        given=st.booleans(),
    )
    def start(
        self, *, person: str, mark: str, clock: int, name: str, listed: bool, given: bool
    ) -> None:
        fields = {"mark": mark, "clock": clock, "name": name, "listed": listed}
        self.send(self.who(person), {"type": "start", **fields, **self.key(given=given)})

    @rule(person=people, which=which, name=names, given=st.booleans())
    def look_and_join(self, person: str, which: int, name: str, given: bool) -> None:
        """Who watches may sit down, and watches no more by that."""
        self.ask(person, which, "watch")
        self.join(person, which, name, given)

    @rule(person=people, which=which, name=names, given=st.booleans())
    def join(self, person: str, which: int, name: str, given: bool) -> None:
        fields = {"id": self.code(which), "name": name, **self.key(given=given)}
        self.send(self.who(person), {"type": "join", **fields})

    @rule(person=people, clock=clocks, given=st.booleans())
    def match(self, person: str, clock: int, given: bool) -> None:
        fields = {"name": "", "clock": clock, **self.key(given=given)}
        self.send(self.who(person), {"type": "match", **fields})

    @rule(person=people, which=which, clock=clocks, token=st.integers(0, 7))
    def match_again(self, person: str, which: int, clock: int, token: int) -> None:
        """A client that waits asks again with its own game."""
        key = {"key": self.tokens[-1 - token][1][2:]} if token < len(self.tokens) else {}
        fields = {"id": self.code(which), "clock": clock, **key}
        self.send(self.who(person), {"type": "match", **fields})

    @rule(
        which=which,
        order=st.permutations("012345678"),
        length=st.integers(1, 9),
        answered=st.booleans(),
        careful=st.booleans(),
    )
    def good_moves(
        self, which: int, order: list[str], length: int, answered: bool, careful: bool
    ) -> None:
        """The players play in turn, as most requests are in life."""
        for cell in order[:length]:
            game = self.game(which)
            if game is not None and cell not in game.moves:
                after = {"after": game.moves} if careful else {}
                self.send_move(game, _tile(int(cell)), after, answered=answered)

    def send_move(
        self, game: Record | None, tile: str, after: Json, *, answered: bool = True
    ) -> None:
        who = game.chairs[game.turn].connection if game and game.turn else None
        if game is not None and who is not None:
            fields = {"type": "play", "id": game.id, "tile": tile, **after}
            self.send(who, fields, answered=answered)

    @rule(person=people, which=which, cell=cells, seen=st.none() | cells, answered=st.booleans())
    def any_move(
        self, person: str, which: int, cell: int, seen: int | None, answered: bool
    ) -> None:
        """Anybody plays anything, having seen an earlier board or none."""
        game = self.game(which)
        after = {} if seen is None else {"after": game.moves[:seen] if game else ""}
        fields = {"type": "play", "id": self.code(which), "tile": _tile(cell), **after}
        self.send(self.who(person), fields, answered=answered)

    @precondition(lambda self: self.tokens)
    @rule(person=people, token=st.integers(0, 7), elsewhere=st.booleans(), which=which)
    def resume(self, person: str, token: int, elsewhere: bool, which: int) -> None:
        """Whoever knows a token is its owner; at another game it is nothing."""
        code, known = self.tokens[-1 - token % len(self.tokens)]
        rematch = self.model.games[code].next if code in self.model.games else None
        if elsewhere and rematch:
            # The new token is the other prefix with the same key.
            code, known = rematch, f"{'o' if known[0] == 'x' else 'x'}{known[1:]}"
        elif elsewhere:
            code = self.code(which)
        fields = {"type": "resume", "id": code, "token": known}
        self.send(self.who(person), fields)

    @rule(person=people, which=which, fields=nonsense)
    def talk_nonsense(self, person: str, which: int, fields: Json) -> None:
        """Histories that cannot be, tokens that are no right, versions not spoken here."""
        self.send(self.who(person), {"id": self.code(which), **fields})

    @rule(person=people, which=which, kind=asked)
    def ask(self, person: str, which: int, kind: str) -> None:
        self.send(self.who(person), {"type": kind, "id": self.code(which)})

    @rule(which=which, mark=st.sampled_from("xo"), kind=asked, ms=st.sampled_from([0, 5000, 30000]))
    def player_asks(self, which: int, mark: str, kind: str, ms: int) -> None:
        """As before, by one who sits there, perhaps after a while."""
        game = self.game(which)
        if game is not None and (who := game.chairs[mark].connection) is not None:
            self.wait(ms)
            self.send(who, {"type": kind, "id": game.id})

    @rule(which=which, first=st.sampled_from("xo"))
    def agree(self, which: int, first: str) -> None:
        """Both players want another game."""
        for mark in (first, model.other(first)):
            self.player_asks(which, mark, "rematch", 0)

    @rule(which=which, first=st.sampled_from("xo"))
    def take_back(self, which: int, first: str) -> None:
        """An offer lapses when its player leaves."""
        for mark, kind in ((first, "rematch"), (first, "leave"), (model.other(first), "rematch")):
            self.player_asks(which, mark, kind, 0)

    @rule(
        which=which,
        mark=st.sampled_from("xo"),
        ms=st.sampled_from([29_999, 30_000]),
        back=st.booleans(),
        leaves=st.booleans(),
    )
    def absence(self, *, which: int, mark: str, ms: int, back: bool, leaves: bool) -> None:
        """A player is away and the other claims the game, perhaps just back from an absence too."""
        game, opponent = self.game(which), model.other(mark)
        if game is None or (who := game.chairs[mark].connection) is None:
            return
        if leaves:
            self.player_asks(which, mark, "leave", 0)
        else:
            self.silence(who)
            self.announce(who)
        for code, token in self.tokens if back else ():
            if code == game.id and token[0] == opponent:
                self.wait(1000)
                self.send(self.who("lee"), {"type": "resume", "id": code, "token": token})
        self.player_asks(which, opponent, "claim", ms)

    @rule(which=which, mark=st.sampled_from("xo"))
    def player_emotes(self, which: int, mark: str) -> None:
        game = self.game(which)
        if game is not None and (who := game.chairs[mark].connection) is not None:
            self.send(who, {"type": "emote", "id": game.id, "emote": "nice"})

    @rule(person=people, which=which)
    def emote(self, person: str, which: int) -> None:
        self.send(self.who(person), {"type": "emote", "id": self.code(which), "emote": "gg"})

    @rule(person=people, kind=st.sampled_from(["open", "live"]))
    def look_around(self, person: str, kind: str) -> None:
        self.send(self.who(person), {"type": "list", "kind": kind})
        self.send(self.who(person), {"type": "ping"})

    @precondition(lambda self: not self.crowded)
    @rule(which=which)
    def crowd(self, which: int) -> None:
        """More people watch than there is room for; half of them are gone the next moment."""
        self.crowded = True
        for fan in CROWD:
            self.send(fan, {"type": "watch", "id": self.code(which)})
        self.silence(*CROWD[::2])

    # What happens at once

    @precondition(lambda self: len(self.tokens) > 1)
    @rule(which=which, first=deeds, second=deeds, call=st.integers(1, 4))
    def at_once(self, which: int, first: Deed, second: Deed, call: int) -> None:
        """A request, or a drop, in the middle of another is as if one came after the other."""
        game = self.game(which)
        if game is None or self.trouble or self.is_anybody_gone(game):
            return
        # Who begins to watch in the moment of a rematch is told of it, and does not watch it yet.
        if {first[1], second[1]} == {"rematch", "watch"}:
            return
        asked = [self.request(game, *deed, ref) for deed, ref in ((first, "r-a"), (second, "r-b"))]
        replies: dict[str, Json | None] = {}

        def serve(who: str, fields: Json) -> None:
            if fields["type"] == DROP:
                self.table.service.disconnected(who)
                replies[fields["ref"]] = None
            else:
                replies[fields["ref"]] = _json(self.table.frame(who, json.dumps(fields)))

        self.store.interrupt(call, partial(serve, *asked[1]))
        serve(*asked[0])
        if "r-b" not in replies:
            self.store.interrupt(0, tuple)
            serve(*asked[1])
        self.model = self.explained(asked, replies)
        for reply in replies.values():
            if reply is not None and "token" in reply:
                self.tokens.append((reply["id"], reply["token"]))
        self.compare()

    def is_anybody_gone(self, game: Record) -> bool:
        """Whether a push would find somebody gone, which others can see before it is done with."""
        connections = {chair.connection for chair in game.chairs.values()} | game.watchers
        return bool(connections & self.model.gone)

    def explained(self, asked: list[tuple[str, Json]], replies: dict[str, Json | None]) -> Model:
        """The model after the order of both that explains what is said, pushed and stored."""
        heard = self.heard()
        for order in (asked, asked[::-1]):
            after = deepcopy(self.model)
            said, pushes = [], []
            for who, fields in order:
                reply = replies[fields["ref"]]
                if fields["type"] == DROP:
                    after.disconnected(who)
                    expected = None
                else:
                    expected = after.answer(who, fields, reply)
                said.append((_essential(reply), _essential(expected)))
                pushes += after.pushes
            explains = all(reply == expected for reply, expected in said)
            # A drop in the moment of a rematch is told at both tables. What is told twice is told.
            if DROP not in {fields["type"] for _, fields in asked}:
                told = set(map(_essential, heard))
                explains = explains and told == set(map(_essential, pushes))
            if explains and all(self.is_stored(record) for record in after.games.values()):
                after.pushes = []
                return after
        raise AssertionError(f"no order of {asked} explains {replies} and {heard}")

    def is_stored(self, record: Record) -> bool:
        """Whether this is how the game stands, whatever number of changes it took."""
        match = self.store.load(record.id, self.table.at)
        if match is None:
            return True
        shown = wire.Left(id=match.id, game=rules.snapshot(match), now=0)
        stored = json.loads(codec.encode(shown))["game"]
        same = _essential(stored) == _essential(record.view())
        record.rev = match.rev
        return same

    def request(
        self, game: Record, person: str, kind: str, cell: int, ref: str
    ) -> tuple[str, Json]:
        """What one of these people, or a player, asks about a game."""
        fields: Json = {"type": kind, "id": game.id, "ref": ref}
        who = game.chairs[person].connection if person in game.chairs else self.who(person)
        if kind == "play":
            free = [number for number in range(9) if str(number) not in game.moves] or [cell]
            fields |= {"tile": _tile(free[cell % len(free)])}
            fields |= {"after": game.moves} if cell == 8 else {}
        elif kind == "resume":
            mine = [token for code, token in self.tokens if code == game.id]
            fields |= {"token": mine[cell % len(mine)] if mine else ""}
        return who or "nobody", fields

    # What networks do

    @precondition(lambda self: self.sent)
    @rule(back=st.integers(0, 12))
    def repeat(self, back: int) -> None:
        """A frame arrives once more, now or much later."""
        who, fields = self.sent[-1 - back % len(self.sent)]
        answered = "ref" in fields
        self.send(who, {k: v for k, v in fields.items() if k != "ref"}, answered=answered)

    @rule(person=people, announced=st.booleans())
    def drop(self, person: str, *, announced: bool) -> None:
        """A connection is lost; the platform says so, or not yet, or never."""
        who = self.who(person)
        self.silence(who)
        self.lives[person] += 1
        if announced:
            self.announce(who)
        else:
            self.unannounced.append(who)

    @precondition(lambda self: self.unannounced)
    @rule(index=st.integers(0, 5))
    def late_disconnect(self, index: int) -> None:
        """The news of a lost connection comes late, perhaps after its player is back."""
        self.announce(self.unannounced[index % len(self.unannounced)])

    @rule(ms=steps | steps | steps | ages)
    def wait(self, ms: int) -> None:
        self.table.clock.advance(ms=ms)
        self.model.now = self.table.clock.now()
        self.model.pushes = []
        self.compare()

    @rule(change=st.sampled_from([1, 1, 1, 2, 2, 3]), after=st.booleans())
    def have_trouble(self, change: int, after: bool) -> None:
        """The store is to fail during the next request that can be repeated."""
        self.trouble = (change, after)

    def silence(self, *connections: str) -> None:
        self.table.connections.gone.update(connections)
        self.model.gone.update(connections)

    def announce(self, who: str) -> None:
        if self.trouble:
            with self.failing(), suppress(Busy):
                self.table.service.disconnected(who)
            self.take_over(None)
        self.table.service.disconnected(who)
        self.model.disconnected(who)
        self.compare()


def _is_repeatable(fields: Json) -> bool:
    return fields["type"] != "emote" and (fields["type"] not in KEYED or "key" in fields)


def _essence(reply: Json) -> Json:
    """What a player cares about: not how many changes it took, nor who was seen to come and go."""
    game = reply.get("game", {})
    shown = {name: game.get(name) for name in ("moves", "status", "winner", "series", "rematch")}
    return {name: reply.get(name) for name in ("type", "code", "id", "mark", "token")} | shown


def _essential(message: object) -> str:
    """A message without its sentence, and without the number of changes there were."""
    return _INESSENTIAL.sub("", json.dumps(message, sort_keys=True))


def _json(event: Any) -> Json | None:
    return None if event is None else json.loads(codec.encode(event))


def _sorted(pushes: Sequence[tuple[str, Json | None]]) -> list[str]:
    return sorted(json.dumps(push, sort_keys=True) for push in pushes)


def _tile(cell: int) -> str:
    return f"{cell // 3},{cell % 3}"


def _drawn(game: Json) -> bool:
    return bool(game["status"] == "drawn" and len(game["moves"]) == 9)


def _result(game: Json) -> tuple[object, ...]:
    return tuple(json.dumps(game[part]) for part in ("status", "winner", "moves", "series"))


def _without_watchers(game: Json) -> Json:
    return {name: value for name, value in game.items() if name not in {"watchers", "rev"}}


class InSqlite(AnyOrder):
    """The same in the embedded gateway's store."""

    def new_store(self) -> Store:
        self.opened = SqliteStore(":memory:")
        return self.opened

    def teardown(self) -> None:
        self.opened.close()


class InDynamoDB(AnyOrder):
    """The same in the cloud's store."""

    knows_watchers = False

    def new_store(self) -> Store:
        return emulator().store()


TestMemory = AnyOrder.TestCase
TestSqlite = InSqlite.TestCase
TestDynamoDB = InDynamoDB.TestCase
TestMemory.settings = examples(100, 5000, steps=count(40, 60))
TestSqlite.settings = examples(30, 2000, steps=count(40, 60))
TestDynamoDB.settings = examples(2, 100, steps=30)
