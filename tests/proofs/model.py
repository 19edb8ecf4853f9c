"""The game service once more, written from the protocol alone to judge the real one by.

It shares no rule with the service: games are plain objects that change, boards are worked out here,
and there is no store, no condition and no race. `Model.answer` says what a request must be
answered, `Model.pushes` who must have heard of it. What only the service can choose (codes, keys)
is taken from its reply, once it is known to be free.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from backend.core.game import Game, spoken_at

Json = dict[str, Any]

LIFE = 6 * 3600
ROWS = ("012", "345", "678", "036", "147", "258", "048", "246")
FINISHED = {"won", "drawn", "resigned", "timeout", "abandoned"}


class Refused(Exception):
    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


def other(mark: str) -> str:
    return {"x": "o", "o": "x"}[mark]


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@lru_cache(maxsize=8192)
def completed(moves: str) -> tuple[tuple[str, str], ...]:
    """Every completed line with its mark."""
    return tuple(
        (row, mark)
        for row in ROWS
        for mark, cells in (("x", moves[::2]), ("o", moves[1::2]))
        if all(cell in cells for cell in row)
    )


@lru_cache(maxsize=8192)
def is_history(moves: str) -> bool:
    """Whether these moves could have been played."""
    fresh = all(cell in "012345678" and cell not in moves[:at] for at, cell in enumerate(moves))
    return fresh and not any(completed(moves[:at]) for at in range(len(moves)))


@dataclass
class Chair:
    """One side of the table; taken when it has a ``token`` (the hash of the key)."""

    token: str = ""
    name: str = ""
    connection: str | None = None
    away: str | None = None
    away_at: int | None = None
    bound_at: int = 0
    left_by: str | None = None

    def view(self, mark: str) -> Json | None:
        if not self.token:
            return None
        return {
            "name": self.name or f"Player {mark.upper()}",
            "online": self.connection is not None,
            "away": self.away,
            "away_at": self.away_at,
        }


@dataclass
class Record:
    """One game."""

    id: str
    chairs: dict[str, Chair]
    rev: int = 1
    status: str = "waiting"
    moves: str = ""
    winner: str | None = None
    clock: int = 0
    turn_at: int = 0
    since: int = 0
    listed: bool = False
    series: dict[str, int] = field(default_factory=lambda: {"x": 0, "o": 0, "drawn": 0})
    offer: str | None = None
    next: str | None = None
    watchers: set[str] = field(default_factory=set)
    spoke: dict[str, int] = field(default_factory=dict)
    replaced: str | None = None
    expires: int = 0

    @property
    def turn(self) -> str | None:
        return "xo"[len(self.moves) % 2] if self.status == "playing" else None

    @property
    def deadline(self) -> int | None:
        return self.turn_at + 1000 * self.clock if self.clock and self.turn else None

    def seat(self, connection: str) -> str | None:
        return next((m for m, chair in self.chairs.items() if chair.connection == connection), None)

    def right(self, token: str) -> str | None:
        return next((m for m, chair in self.chairs.items() if chair.token == token), None)

    def at_table(self, connection: str) -> bool:
        return self.seat(connection) is not None or connection in self.watchers

    def view(self) -> Json:
        return {
            "id": self.id,
            "rev": self.rev,
            "status": self.status,
            "moves": self.moves,
            "board": "".join(
                "." if cell not in self.moves else "xo"[self.moves.index(cell) % 2]
                for cell in "012345678"
            ),
            "turn": self.turn,
            "winner": self.winner,
            "lines": [[int(cell) for cell in row] for row, _ in completed(self.moves)],
            "players": {mark: chair.view(mark) for mark, chair in self.chairs.items()},
            "clock": self.clock,
            "deadline": self.deadline,
            "series": dict(self.series),
            "rematch": self.offer,
            "next": self.next,
            "watchers": len(self.watchers),
        }


class Model:
    """All games, at a time that the one who asks sets."""

    def __init__(self, now: int, *, knows_watchers: bool = True) -> None:
        self.now = now
        self.knows_watchers = knows_watchers
        self.games: dict[str, Record] = {}
        self.gone: set[str] = set()
        self.pushes: list[tuple[str, Json]] = []
        self.started: dict[str, str] = {}
        """By key: the game that it started."""
        self.led: dict[str, tuple[str, int]] = {}
        """By key: the game that a quick match found with it, and until when that is known."""

    @property
    def second(self) -> int:
        return self.now // 1000

    def living(self, game_id: str) -> Record | None:
        game = self.games.get(game_id)
        return game if game and game.expires > self.second else None

    def take_over(self, game: Game) -> None:
        """Takes a stored game for granted, after a failure that leaves open what was done."""
        self.games[game.id] = Record(
            game.id,
            {
                str(mark): Chair(
                    seat.token,
                    seat.name,
                    seat.connection,
                    seat.away,
                    seat.away_at,
                    seat.bound_at,
                    seat.left_by,
                )
                for mark, seat in (("x", game.x), ("o", game.o))
            },
            rev=game.rev,
            status=game.status,
            moves=game.moves,
            winner=game.winner,
            clock=game.clock,
            turn_at=game.turn_at,
            since=game.since,
            listed=game.listed,
            series={"x": game.series.x, "o": game.series.o, "drawn": game.series.drawn},
            offer=game.offer,
            next=game.next,
            watchers=set(game.watchers),
            spoke={who: spoken_at(spoken) for who, spoken in game.emoted.items()},
            replaced=game.replaced,
            expires=game.expires,
        )

    def answer(self, who: str, fields: Json, reply: Json | None) -> Json | None:
        """What the request must be answered; ``reply`` is what it was answered."""
        self.pushes = []
        try:
            if fields.get("v", 1) != 1:
                raise Refused("unsupported_version")  # noqa: TRY301 (refused like the rest)
            expected: Json | None = getattr(self, f"_{fields['type']}")(who, fields, reply)
        except Refused as refused:
            game = self.living(fields["id"]) if "id" in fields else None
            expected = {"type": "error", "code": refused.code, "now": self.now, **refused.more}
            if "id" in fields:
                expected["id"] = fields["id"]
            if game and game.at_table(who):
                expected["game"] = game.view()
        if expected is not None and "ref" in fields:
            return {**expected, "ref": fields["ref"]}
        return expected

    def disconnected(self, who: str) -> None:
        self.pushes = []
        held = [
            (game.chairs[mark].bound_at, game.id, mark)
            for game in self.games.values()
            if (mark := game.seat(who)) and self.living(game.id)
        ]
        open_ = {"waiting", "playing"}
        over = sorted(seat for seat in held if self.games[seat[1]].status not in open_)
        for seat in held:
            if seat not in over[:-1]:
                self._lose(self.games[seat[1]], seat[2], who)
        for game in self.games.values():
            if self.knows_watchers and game.status in open_ and self.living(game.id):
                game.watchers.discard(who)

    # What every request needs

    def _game(self, fields: Json) -> Record:
        game = self.living(fields["id"])
        if game is None:
            raise Refused("no_such_game")
        return game

    def _seat(self, game: Record, who: str) -> str:
        mark = game.seat(who)
        if mark is None:
            raise Refused("not_seated")
        return mark

    def _changed(self, game: Record) -> None:
        game.rev += 1
        game.expires = self.second + LIFE

    def _event(self, kind: str, game: Record, **more: object) -> Json:
        return {"type": kind, "id": game.id, "game": game.view(), "now": self.now, **more}

    def _tell(
        self,
        game: Record,
        event: Json,
        *but: str,
        per_seat: bool = False,
        late: Iterable[str] = (),
    ) -> None:
        """``late`` are watchers who came too late to be among the game's."""
        lost: list[tuple[str | None, str]] = []
        seats = [(mark, chair.connection) for mark, chair in game.chairs.items()]
        watchers = sorted({*game.watchers, *late} - {connection for _, connection in seats})
        for mark, connection in [*seats, *((None, w) for w in watchers)]:
            if connection is None or connection in but:
                continue
            shown = event
            if per_seat:
                shown = {**event, "next": {**event["next"], "mark": mark}}
            if not self._post(connection, shown):
                lost.append((mark, connection))
        game.watchers -= {connection for mark, connection in lost if mark is None}
        for mark, connection in lost:
            if mark:
                self._lose(game, mark, connection)

    def _post(self, connection: str, event: Json) -> bool:
        if connection in self.gone:
            return False
        self.pushes.append((connection, event))
        return True

    def _lose(self, game: Record, mark: str, connection: str) -> None:
        chair = game.chairs[mark]
        if self.living(game.id) is not game or chair.connection != connection:
            return
        chair.connection, chair.away, chair.away_at = None, "lost", self.now
        self._changed(game)
        self._tell(game, self._event("presence", game, mark=mark, online=False), connection)

    def _bind(self, game: Record, mark: str, who: str) -> Json:
        """Binds a seat; the game as it is at once, before anybody who is told turns out gone."""
        if game.chairs[other(mark)].connection == who:
            raise Refused("own_game")
        chair = game.chairs[mark]
        if chair.connection != who:
            game.replaced, chair.connection = chair.connection, who
            chair.away = chair.away_at = chair.left_by = None
            chair.bound_at = self.now
            game.watchers.discard(who)
            game.spoke.clear()
            self._changed(game)
        self._renew(game)
        view = game.view()
        if game.replaced is not None and game.seat(game.replaced) is None:
            self._post(game.replaced, {"type": "replaced", "id": game.id})
        return view

    def _back(self, game: Record, mark: str, who: str) -> None:
        self._tell(game, self._event("presence", game, mark=mark, online=True), who)

    def _renew(self, game: Record) -> None:
        """A game of the lobby is shown for half a life yet, once somebody comes back to it."""
        half = 1000 * (self.second - LIFE + 1) + self.now
        if game.listed and game.status in {"waiting", "playing"} and game.since < half // 2:
            game.since = half // 2
            self._changed(game)

    def _held(self, kind: str, game: Record, mark: str, key: str | None, who: str) -> Json:
        """The reply to one who proved the right to a seat, and has it again by that."""
        reply = self._seated(kind, game, mark, key)
        if game.chairs[mark].connection != who and key is not None:
            reply["game"] = self._bind(game, mark, who)
            self._back(game, mark, who)
        return reply

    def _seated(self, kind: str, game: Record, mark: str, key: str | None) -> Json:
        reply = self._event(kind, game, mark=mark)
        if key is not None and game.chairs[mark].token == digest(key):
            reply["token"] = f"{mark}.{key}"
        return reply

    def _key(self, fields: Json, reply: Json | None) -> str:
        """The key of the request, or the one that the service drew."""
        return str(fields.get("key") or (reply or {}).get("token", "x.")[2:])

    def _finish(self, game: Record, status: str, winner: str | None) -> None:
        game.status, game.winner = status, winner
        game.series[winner or "drawn"] += 1

    # Seats

    def _start(self, who: str, fields: Json, reply: Json | None) -> Json:
        key = self._key(fields, reply)
        known = self.living(self.started.get(key, ""))
        if known and (mark := known.right(digest(key))):
            onward = self.living(known.next or "") if known.status == "cancelled" else None
            if onward and (seat := onward.right(digest(key))):
                return self._held("init", onward, seat, key, who)
            return self._held("init", known, mark, key, who)
        mark = fields.get("mark", "x")
        if mark == "random":
            mark = str((reply or {}).get("mark"))
        return self._new(who, fields, key, mark, reply)

    def _new(self, who: str, fields: Json, key: str, mark: str, reply: Json | None) -> Json:
        code = str((reply or {}).get("id"))
        assert self.living(code) is None, "a new game has the code of a living one"
        game = Record(
            code,
            {"x": Chair(), "o": Chair()},
            clock=fields.get("clock", 0),
            listed=fields.get("listed", False),
            since=self.now,
            expires=self.second + LIFE,
        )
        game.chairs[mark] = Chair(digest(key), fields.get("name", ""), who, bound_at=self.now)
        self.games[code] = game
        self.started[key] = code
        return self._seated("init", game, mark, key)

    def _join(self, who: str, fields: Json, reply: Json | None) -> Json:
        game, key = self._game(fields), self._key(fields, reply)
        own = game.right(digest(key))
        if own and game.status != "waiting":
            return self._rejoined(game, own, key, who)
        if own or game.seat(who):
            raise Refused("own_game")
        if game.status == "cancelled":
            raise Refused("game_over")
        if game.status != "waiting":
            raise Refused("game_full")
        mark = self._sit(game, key, fields, who)
        reply = self._seated("join", game, mark, key)
        self._tell(game, self._event("join", game, mark=mark), who)
        return reply

    def _rejoined(self, game: Record, mark: str, key: str | None, who: str) -> Json:
        """The reply to one who sits here already, of whom the host may not have heard."""
        reply = self._seated("join", game, mark, key)
        if "token" not in reply:
            return reply
        came = game.chairs[mark].connection != who
        if came:
            reply["game"] = self._bind(game, mark, who)
        if game.status == "playing" and not game.moves:
            told = {name: value for name, value in reply.items() if name != "token"}
            self._tell(game, told, who)
        elif came:
            self._back(game, mark, who)
        return reply

    def _sit(self, game: Record, key: str, fields: Json, who: str) -> str:
        mark = "o" if game.chairs["x"].token else "x"
        game.chairs[mark] = Chair(digest(key), fields.get("name", ""), who, bound_at=self.now)
        game.status, game.turn_at, game.since = "playing", self.now, self.now
        game.watchers.discard(who)
        self._changed(game)
        return mark

    def _resume(self, who: str, fields: Json, reply: Json | None) -> Json:
        mark, dot, key = fields["token"].partition(".")
        if mark not in {"x", "o"} or not dot or len(key) != 22:
            raise Refused("bad_token")
        game = self._game(fields)
        if game.chairs[mark].token != digest(key):
            raise Refused("bad_token")
        reply = self._event("resume", game, mark=mark)
        reply["game"] = self._bind(game, mark, who)
        self._back(game, mark, who)
        return reply

    def _match(self, who: str, fields: Json, reply: Json | None) -> Json:
        key = fields.get("key")
        kept = self._kept(key)
        if kept and kept.status != "waiting":
            return self._again(kept, who, key)
        brought = self._brought(who, fields, key, kept)
        if brought and brought.status != "waiting":
            return self._again(brought, who, key)
        own = [game for game in (kept, brought) if game]
        found = self._older(who, fields, own, self._key(fields, reply))
        if not found:
            if own:
                return self._waiting(own[0], who, key)
            new = {"name": fields.get("name", ""), "clock": fields.get("clock", 0), "listed": True}
            return self._new(who, new, self._key(fields, reply), "x", reply)
        for game in own:
            self._move_on(game, found["id"])
        if key and not kept:
            self._remember(key, found)
        for game in own:
            for mark, chair in game.chairs.items():
                if chair.token:
                    told = self._event("presence", game, mark=mark, online=False)
                    self._tell(game, told, who)
        self._tell(self.games[found["id"]], found, who)
        return {**found, "token": f"{found['mark']}.{self._key(fields, reply)}"}

    def _move_on(self, game: Record, code: str) -> None:
        if game.status == "waiting":
            game.status = "cancelled"
        game.next = code
        for chair in game.chairs.values():
            if chair.token:
                chair.connection, chair.away, chair.away_at = None, "left", self.now
        self._changed(game)

    def _remember(self, key: str, found: Json) -> None:
        """Where the key led is known by the code that it would start, as a game that never was."""
        self.led[key] = (found["id"], self.second + LIFE)
        if (code := self.started.get(key)) is not None:
            chairs = {"x": Chair(), "o": Chair(), found["mark"]: Chair(digest(key))}
            self.games[code] = Record(
                code,
                chairs,
                status="cancelled",
                next=found["id"],
                expires=self.second + LIFE,
            )

    def _kept(self, key: str | None) -> Record | None:
        """What a key came to: the game that it started, or a pointer to the one it joined."""
        if key is None:
            return None
        known = self.living(self.started.get(key, ""))
        if known and known.right(digest(key)):
            return known
        code, until = self.led.get(key, ("", 0))
        if until <= self.second:
            return None
        return Record(
            "a pointer", {"x": Chair(digest(key)), "o": Chair()}, status="cancelled", next=code
        )

    def _brought(
        self, who: str, fields: Json, key: str | None, kept: Record | None
    ) -> Record | None:
        if "id" not in fields or (kept and kept.id == fields["id"]):
            return None
        if kept:
            found = self.living(fields["id"])
            is_own = found is not None and self._mark(found, who, key)
            return found if is_own and found and found.status == "waiting" else None
        game = self._game(fields)
        if not (self._mark(game, who, key) or game.next):
            raise Refused("not_seated")
        return game

    def _mark(self, game: Record, who: str, key: str | None) -> str | None:
        return (game.right(digest(key)) if key else None) or game.seat(who)

    def _again(self, game: Record, who: str, key: str | None) -> Json:
        if game.status != "cancelled" or not game.next:
            return self._waiting(game, who, key)
        onward = self.living(game.next)
        if onward is None:
            raise Refused("no_such_game")
        seat = self._mark(onward, who, key)
        if seat is None:
            raise Refused("game_over" if self._mark(game, who, key) else "not_seated")
        return self._rejoined(onward, seat, key, who)

    def _waiting(self, game: Record, who: str, key: str | None) -> Json:
        mine = game.right(digest(key)) if key else None
        if mine:
            return self._held("init", game, mine, key, who)
        return self._seated("init", game, self._seat(game, who), None)

    def _older(self, who: str, fields: Json, own: list[Record], key: str) -> Json | None:
        waiting = [
            game
            for game in self._lobby("waiting")
            if game.clock == fields.get("clock", 0)
            and not game.seat(who)
            and all((game.since, game.id) < (mine.since, mine.id) for mine in own)
        ]
        for game in sorted(waiting, key=lambda game: (game.since, game.id))[:3]:
            if game.right(digest(key)):
                continue
            host = "x" if game.chairs["x"].token else "o"
            connection = game.chairs[host].connection
            assert connection is not None
            if connection in self.gone:
                self._lose(game, host, connection)
                continue
            mark = self._sit(game, key, fields, who)
            return self._event("join", game, mark=mark)
        return None

    # Playing

    def _play(self, who: str, fields: Json, reply: Json | None) -> Json | None:
        after = fields.get("after")
        if after is not None and not is_history(after):
            raise Refused("bad_request")
        game = self._game(fields)
        mark = self._seat(game, who)
        cell = str(3 * int(fields["tile"][0]) + int(fields["tile"][2]))
        if game.status == "waiting":
            raise Refused("not_started")
        mover = "xo"[(len(game.moves) - 1) % 2]
        if not (game.moves.endswith(cell) and mover == mark):
            if game.status != "playing":
                raise Refused("game_over")
            if after not in {None, game.moves}:
                raise Refused("stale")
            if game.turn != mark:
                raise Refused("not_your_turn")
            if cell in game.moves:
                raise Refused("tile_taken")
            game.moves += cell
            game.turn_at = self.now
            if completed(game.moves):
                self._finish(game, "won", mark)
            elif len(game.moves) == 9:
                self._finish(game, "drawn", None)
            self._changed(game)
        event = self._event("play", game, mark=mark, tile=fields["tile"])
        self._tell(game, event, who)
        return event if "ref" in fields else None

    def _over(self, game: Record) -> None:
        if game.status == "waiting":
            raise Refused("not_started")
        if game.status != "playing":
            raise Refused("game_over")

    def _resign(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        mark = self._seat(game, who)
        if (game.status, game.winner) != ("resigned", other(mark)):
            self._over(game)
            self._finish(game, "resigned", other(mark))
            self._changed(game)
        event = self._event("resign", game, mark=mark)
        self._tell(game, event, who)
        return event

    def _claim(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        mark = self._seat(game, who)
        if not (game.status in {"timeout", "abandoned"} and game.winner == mark):
            self._over(game)
            opponent = game.chairs[other(mark)]
            reason, runs = self._claimable(game, mark)
            if reason is None and opponent.connection in self.gone:
                # Before it is too early, it is found out who is there.
                self._lose(game, other(mark), str(opponent.connection))
                reason, runs = self._claimable(game, mark)
            if reason is None:
                raise Refused("too_early", retry_at=min(runs.values(), default=None))
            self._finish(game, reason, mark)
            self._changed(game)
        event = self._event("claim", game, mark=mark)
        self._tell(game, event, who)
        return event

    def _claimable(self, game: Record, mark: str) -> tuple[str | None, dict[str, int]]:
        runs, opponent = {}, game.chairs[other(mark)]
        if game.deadline is not None and game.turn != mark:
            runs["timeout"] = game.deadline
        if opponent.away_at is not None:
            counts_from = (opponent.away_at, game.since, game.chairs[mark].bound_at)
            runs["abandoned"] = max(counts_from) + 30_000
        return next((status for status, at in runs.items() if self.now >= at), None), runs

    def _rematch(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        if game.next and game.status in FINISHED:
            new = self.living(game.next)
            if new is None:
                raise Refused("no_such_game")
            seat = new.seat(who)
            onward = {"id": new.id, "mark": seat, "game": new.view()}
            mark = other(seat) if seat else game.seat(who)
            event = self._event("rematch", game, mark=mark, next=onward)
            if seat and new.status == "playing" and not new.moves:
                self._tell(new, event, who, per_seat=True, late=game.watchers)
            return event
        mark = self._seat(game, who)
        self._finished(game)
        if game.offer == other(mark):
            return self._accepted(game, mark, who, reply)
        if game.offer != mark:
            game.offer = mark
            self._changed(game)
        event = self._event("rematch", game, mark=mark)
        self._tell(game, event, who)
        return event

    def _finished(self, game: Record) -> None:
        if game.status == "cancelled":
            raise Refused("game_over")
        if game.status == "waiting":
            raise Refused("not_started")
        if game.status == "playing":
            raise Refused("too_early", retry_at=None)

    def _accepted(self, game: Record, mark: str, who: str, reply: Json | None) -> Json:
        code = str((reply or {}).get("next", {}).get("id"))
        assert self.living(code) is None, "a rematch has the code of a living game"
        new = Record(
            code,
            {"x": game.chairs["o"], "o": game.chairs["x"]},
            status="playing",
            clock=game.clock,
            turn_at=self.now,
            since=self.now,
            listed=game.listed,
            series={
                "x": game.series["o"],
                "o": game.series["x"],
                "drawn": game.series["drawn"],
            },
            watchers=set(game.watchers),
            expires=self.second + LIFE,
        )
        game.chairs = {old: Chair(chair.token, chair.name) for old, chair in game.chairs.items()}
        for chair in new.chairs.values():
            chair.bound_at = self.now
        self.games[code] = new
        self._move_on(game, code)
        onward = {"id": code, "mark": other(mark), "game": new.view()}
        event = self._event("rematch", game, mark=mark, next=onward)
        self._tell(new, event, who, per_seat=True)
        return event

    def _leave(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        mark = game.seat(who)
        if mark is None:
            left = next((m for m, chair in game.chairs.items() if chair.left_by == who), None)
            told = None if who in game.watchers else left
            game.watchers.discard(who)
            event = self._event("leave", game)
            if told:
                self._tell(game, self._event("presence", game, mark=told, online=False), who)
            return event
        chair = game.chairs[mark]
        chair.connection, chair.away, chair.away_at = None, "left", self.now
        chair.left_by = who
        if game.offer == mark:
            game.offer = None
        if game.status == "waiting":
            game.status = "cancelled"
        self._changed(game)
        event = self._event("leave", game)
        self._tell(game, self._event("presence", game, mark=mark, online=False), who)
        return event

    def _emote(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        mark = self._seat(game, who)
        spoke = game.spoke.get(who)
        if spoke is not None and 0 <= self.now - spoke < 1000:
            raise Refused("too_early", retry_at=spoke + 1000)
        game.spoke[who] = self.now
        event = {"type": "emote", "id": game.id, "mark": mark, "emote": fields["emote"]}
        self._tell(game, event, who)
        return event

    # Looking

    def _watch(self, who: str, fields: Json, reply: Json | None) -> Json:
        game = self._game(fields)
        if not game.at_table(who):
            if len(game.watchers) >= 20:
                game.watchers -= self.gone
            if len(game.watchers) >= 20:
                raise Refused("too_many")
            game.watchers.add(who)
        return self._event("watch", game)

    def _list(self, who: str, fields: Json, reply: Json | None) -> Json:
        kind = {"open": "waiting", "live": "playing"}[fields.get("kind", "open")]
        games = sorted(self._lobby(kind), key=lambda game: (game.since, game.id), reverse=True)
        return {"type": "list", "games": [self._line(game) for game in games[:25]]}

    def _lobby(self, status: str) -> list[Record]:
        """Listed games with somebody there, no longer in this state than a game lives."""
        return [
            game
            for game in self.games.values()
            if game.listed
            and game.status == status
            and self.living(game.id) is game
            and game.since // 1000 + LIFE > self.second
            and any(chair.connection for chair in game.chairs.values())
        ]

    def _line(self, game: Record) -> Json:
        views = {mark: chair.view(mark) for mark, chair in game.chairs.items()}
        return {
            "id": game.id,
            "names": {mark: view and view["name"] for mark, view in views.items()},
            "mark": next((mark for mark, view in views.items() if view is None), None),
            "clock": game.clock,
            "since": game.since,
        }

    def _ping(self, who: str, fields: Json, reply: Json | None) -> Json:
        if "id" not in fields:
            return {"type": "pong", "now": self.now}
        game = self._game(fields)
        return {**self._event("pong", game), "mark": game.seat(who)}
