"""The games in one SQLite file, for the embedded gateway.

A change reads the game, asks the condition, applies the pure function of `game` and writes the
columns that differ. It is one IMMEDIATE transaction, or part of that of a `group`. The games that
were used last are kept in memory, so that a change of them reads nothing. Every statement finds its
rows by an index.
"""

import json
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from backend.core import game as rules
from backend.core.fields import FIELDS, Field, FieldPath, game_of, plain
from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import LOBBY_LINES, Busy, Change, Conflict, LobbyLine, Unwritable
from shared.board import Mark
from shared.errors import ErrorCode, Refusal
from shared.messages import LobbyKind

SCHEMA_VERSION: Final = 2
"""The next one when a column goes or means something else; a new column alone needs none."""
APPLICATION_ID: Final = 0x6E787473
"""``nxts``: tells a file of this program from any other database."""
_PURGED_AT_ONCE: Final = 20

_SEAT_COLUMN: Final = {"connection": "player"}
"""The fields of a seat whose columns have another name."""


def _column(path: FieldPath) -> str:
    """``moves``, ``series_drawn``; of a seat ``token_x``."""
    if path[0] in set(Mark):
        side, name = path
        return f"{_SEAT_COLUMN.get(name, name)}_{side}"
    return "_".join(path)


def _types(field: Field) -> tuple[Any, ...]:
    """The types that a value of this field can have."""
    return get_args(field.hint) if get_origin(field.hint) in {Union, UnionType} else (field.hint,)


def _declared(column: str, field: Field) -> str:
    types = _types(field)
    kind = "INTEGER" if {int, bool} & {each for each in types if isinstance(each, type)} else "TEXT"
    key = " PRIMARY KEY" if column == "id" else ""
    return f"{column} {kind}{'' if NoneType in types else ' NOT NULL'}{key}"


def _is_collection(field: Field) -> bool:
    return any(get_origin(each) not in {None, Literal} for each in _types(field))


COLUMNS: Final = {_column(field.path): field for field in FIELDS}
"""The columns of a game, each with the field that it keeps."""
_JSON: Final = frozenset(column for column, field in COLUMNS.items() if _is_collection(field))
_TRUTH: Final = frozenset(column for column, field in COLUMNS.items() if field.hint is bool)
_REQUIRED: Final = frozenset({"id", "expires"})
"""The columns without which a row is no game: their fields have no default."""

# The lobby is no field of a game but follows from some of them; its column is there to be searched.
_TABLE: Final = f"""
CREATE TABLE games (
    {", ".join(_declared(column, field) for column, field in COLUMNS.items())},
    lobby TEXT
) WITHOUT ROWID;
CREATE INDEX games_by_player_x ON games (player_x) WHERE player_x IS NOT NULL;
CREATE INDEX games_by_player_o ON games (player_o) WHERE player_o IS NOT NULL;
CREATE INDEX games_watched ON games (id) WHERE watchers <> '[]';
CREATE INDEX games_by_lobby ON games (lobby, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_lobby_and_clock ON games (lobby, clock, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_expiry ON games (expires);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

_NAME_FILE: Final = "INSERT INTO file SELECT ? WHERE NOT EXISTS (SELECT 1 FROM file)"
_LOAD: Final = "SELECT * FROM games WHERE id = ?"
_LOBBY: Final = {
    (by_clock, oldest_first): (
        "SELECT id, since, clock, player_x, name_x, token_x, player_o, name_o, token_o FROM games "  # noqa: S608 (made of constants)
        f"WHERE lobby = :kind {'AND clock = :clock ' if by_clock else ''}AND since >= :since "
        f"ORDER BY since {'ASC' if oldest_first else 'DESC'} LIMIT {LOBBY_LINES}"
    )
    for by_clock in (False, True)
    for oldest_first in (False, True)
}
# Each index holds what one statement looks for, so that it is found however much is over.
_OPEN: Final = "status IN ('waiting', 'playing')"
_SEAT_INDEXES: Final = tuple(
    f"CREATE INDEX IF NOT EXISTS games_{name}_{mark} ON games ({columns}) "
    f"WHERE player_{mark} IS NOT NULL AND {which}"
    for mark in Mark
    for name, columns, which in (
        ("open", f"player_{mark}", _OPEN),
        ("over", f"player_{mark}, bound_at_{mark}", f"NOT ({_OPEN})"),
    )
)
_INDEX_WATCHED: Final = (
    "CREATE INDEX IF NOT EXISTS games_open_watched ON games (id)"
    f" WHERE watchers <> '[]' AND {_OPEN}"
)
_HELD: Final = {mark: f"SELECT id FROM games WHERE player_{mark} = ? AND {_OPEN}" for mark in Mark}  # noqa: S608 (made of constants)
_LAST_OVER: Final = {
    mark: f"SELECT id, bound_at_{mark} AS bound_at FROM games WHERE player_{mark} = ? "  # noqa: S608 (made of constants)
    f"AND NOT ({_OPEN}) ORDER BY bound_at_{mark} DESC, id DESC LIMIT 1"
    for mark in Mark
}
_WATCHED: Final = f"SELECT id FROM games WHERE watchers <> '[]' AND instr(watchers, ?) AND {_OPEN}"  # noqa: S608 (made of constants)
_ON_THE_CLOCK: Final = "SELECT id FROM games WHERE status = 'playing' AND clock > 0"
_AHEAD: Final = (
    "SELECT id FROM games WHERE max(turn_at, since, bound_at_x, bound_at_o, "
    "ifnull(away_at_x, 0), ifnull(away_at_o, 0)) > ?"
)
_CONNECTED: Final = (
    *(f"SELECT id FROM games WHERE player_{mark} IS NOT NULL" for mark in Mark),  # noqa: S608 (made of constants)
    "SELECT id FROM games WHERE watchers <> '[]'",
)
_INSERT: Final = (
    f"REPLACE INTO games ({', '.join(COLUMNS)}, lobby) "  # noqa: S608 (made of constants)
    f"VALUES ({', '.join(f':{column}' for column in COLUMNS)}, :lobby)"
)
_PURGE: Final = (
    "DELETE FROM games WHERE id IN "
    "(SELECT id FROM games WHERE expires <= ? ORDER BY expires LIMIT ?)"
)


# What may be deleted to make room: first what is over, then what waits and nobody is connected to.
_SPARE: Final = (
    "status NOT IN ('waiting', 'playing')"
    " OR (status = 'waiting' AND player_x IS NULL AND player_o IS NULL)"
)
_INDEX_SPARE: Final = (
    "CREATE INDEX IF NOT EXISTS games_to_spare ON games (status = 'waiting', expires)"
    f" WHERE {_SPARE}"
)
_FIND_SPARE: Final = (
    f"SELECT id FROM games WHERE {_SPARE} ORDER BY status = 'waiting', expires LIMIT ?"  # noqa: S608 (made of constants)
)
_SPARED_AT_ONCE: Final = 20
"""Many more than one: pages are shared, and few become free when one game is deleted."""
_USED_BEFORE_SPARING: Final = 0.9
_NO_ROOM: Final = "This server holds as many games as it can; try again later."
_FEWEST_PAGES: Final = 64
_TRIED_BYTES: Final = 8192
_log: Final = logging.getLogger(__name__)

KEPT: Final = 4096
"""How many games stay in memory."""


class UnusableFile(Exception):
    """The file cannot be a store, and was left as it is; the message says what a person can do."""


class SqliteStore:
    """A `Store` in the file ``path``, made when there is none; threads may share it.

    ``id`` is the file's own, drawn when it is made. ``busy_seconds`` is how long a call waits for
    another program that holds the file before it raises `Busy`. ``kept`` is how many games stay in
    memory, where they are what the file says: this process owns it, and the change of another
    program is noticed. ``most_bytes`` is how much of the disk the file may take, 0 for no limit:
    before it is reached, games make room that are over or waited at by nobody, the oldest first;
    where there are none, a new one raises a `Refusal` (``too_many``). ``on_commit`` is called with
    the seconds that each commit took.

    Raises:
        UnusableFile: the file is damaged, of a newer version or of another program.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        busy_seconds: float = 2,
        kept: int = KEPT,
        most_bytes: int = 0,
        on_commit: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.on_commit = on_commit
        self._most_bytes = most_bytes
        self._most_pages = 0
        self.is_troubled = False
        """Whether nothing could be stored since the last change that was."""
        self._lock = threading.RLock()
        self._in_group = False
        self._obstacle: Exception | None = None
        """Why nothing more can be changed in this group."""
        self._games: dict[str, Game] = {}
        self._written: set[str] = set()
        self._kept = kept
        self._version = 0
        self._purged_at = 0
        try:
            self._database = sqlite3.connect(
                path, timeout=busy_seconds, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise UnusableFile(f"{path} cannot be opened: {error}.") from error
        self._database.row_factory = sqlite3.Row
        with ExitStack() as unopened:
            unopened.callback(self._database.close)
            self._open(path)
            unopened.pop_all()

    def close(self) -> None:
        """Closes the file. No call may follow."""
        with self._lock:
            self._database.close()

    @contextmanager
    def group(self) -> Iterator[None]:
        """Makes the changes of all calls within durable at once, at the end, by one commit.

        A call that fails leaves the changes of the others. When the end raises, none was made.
        Where the group cannot begin, as while another program holds the file, its changes raise
        why (`Busy`) and its reads are served.
        """
        with self._lock:
            self._in_group, committed = True, False
            try:
                try:
                    self._begin()
                except (Busy, sqlite3.Error) as error:
                    self._obstacle = error
                    yield
                    return
                yield
                if self._obstacle is not None:
                    raise self._obstacle
                self._commit()
                committed = True
            finally:
                self._in_group, self._obstacle = False, None
                self._end(committed=committed)

    def create(self, game: Game, at: Moment) -> None:
        # What has expired may be deleted, whatever becomes of the new game.
        with self._transaction():
            self._create(game, at)

    def load(self, game_id: str, at: Moment) -> Game | None:
        with self._use():
            return self._living(game_id, at)

    def append_move(self, game_id: str, connection: str, move: Move, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            wanted = (move.before, "playing", connection)
            held = (game.moves, game.status, game.seat(move.mark).connection)
            return rules.played(game, move, at) if held == wanted else None

        return self._change(game_id, at, decide)

    def take_seat(self, game_id: str, mark: Mark, seat: Seat, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            host = game.seat(mark.other)
            if game.status != "waiting" or game.seat(mark).taken:
                return None
            if seat.token == host.token or seat.connection == host.connection:
                return None
            return rules.joined(game, mark, seat, at)

        return self._change(game_id, at, decide)

    def bind(self, game_id: str, mark: Mark, token: str, connection: str, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            entitled = bool(token) and rules.holder(game, token) is mark
            if not entitled or rules.seat_of(game, connection) is not None:
                return None
            return rules.bound(game, mark, connection, at)

        return self._change(game_id, at, decide)

    def unbind(self, game_id: str, mark: Mark, connection: str, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            held = game.seat(mark).connection == connection
            return rules.unbound(game, mark, at) if held else None

        return self._change(game_id, at, decide)

    def watch(self, game_id: str, connection: str, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            watchers = game.watchers | {connection}
            if rules.seat_of(game, connection) is not None or len(watchers) > rules.MAX_WATCHERS:
                return None
            return replace(game, watchers=watchers)

        return self._change(game_id, at, decide)

    def unwatch(self, game_id: str, connection: str, at: Moment) -> Game:
        def decide(game: Game) -> Game:
            return replace(game, watchers=game.watchers - {connection})

        return self._change(game_id, at, decide)

    def emote(self, game_id: str, connection: str, at: Moment) -> Game:
        def decide(game: Game) -> Game | None:
            spoken = game.emoted.get(connection)
            if rules.seat_of(game, connection) is None or rules.is_too_soon(spoken, at):
                return None
            return replace(game, emoted={**game.emoted, connection: at.spoken})

        return self._change(game_id, at, decide)

    def save(self, before: Game, after: Game, at: Moment) -> Game:
        return self._change(before.id, at, partial(_saved, before, after))

    def save_together(self, changes: Sequence[Change], at: Moment) -> None:
        with self._transaction(statements=len(changes) + 1):
            for place, change in enumerate(changes):
                before, after = change.before, change.after
                try:
                    if before is None:
                        self._create(after, at)
                    else:
                        self._amend(after.id, at, partial(_saved, before, after))
                except Conflict as conflict:
                    raise Conflict(conflict.current, place) from None

    def games_of(self, connection: str) -> Sequence[tuple[str, Mark | None]]:
        with self._use():
            find = partial(self._find, connection)
            seats = [(row["id"], mark) for mark in Mark for row in find(_HELD[mark])]
            over = [
                (row["bound_at"], row["id"], mark)
                for mark in Mark
                for row in find(_LAST_OVER[mark])
            ]
            last = [(game_id, mark) for _, game_id, mark in sorted(over)[-1:]]
            watched = [(row["id"], None) for row in self._find(json.dumps(connection), _WATCHED)]
            return [*seats, *last, *watched]

    def _find(self, value: str, statement: str) -> Iterator[sqlite3.Row]:
        return self._database.execute(statement, (value,))

    def lobby(
        self, kind: LobbyKind, since: int, *, clock: int | None = None, oldest_first: bool = False
    ) -> Sequence[LobbyLine]:
        query = _LOBBY[clock is not None, oldest_first]
        asked = {"kind": kind, "since": since, "clock": clock}
        with self._use():
            return [_line(row) for row in self._database.execute(query, asked)]

    def unbind_all(self, at: Moment) -> None:
        """Makes every game `reopened`, and deletes what has expired.

        For the start of a gateway: all connections died with the process before it, and nobody
        could move while it was away.
        """
        with self._transaction():
            self._database.execute(_PURGE, (at.second, -1))
            found = [self._database.execute(query) for query in (*_CONNECTED, _ON_THE_CLOCK)]
            found.append(self._database.execute(_AHEAD, (at.now,)))
            for game_id in sorted({row["id"] for rows in found for row in rows}):
                game = self._living(game_id, at)
                if game is not None:
                    self._write(game, rules.reopened(game, at))

    def is_writable(self) -> bool:
        """Whether a change can be stored now, which is tried."""
        try:
            with self._transaction():
                # As much as a new game can take; nothing of it stays.
                self._database.execute("INSERT INTO file VALUES (zeroblob(?))", (_TRIED_BYTES,))
                self._database.execute("DELETE FROM file WHERE typeof(id) = 'blob'")
        except (Busy, sqlite3.Error):
            return False
        return True

    def _change(self, game_id: str, at: Moment, decide: Callable[[Game], Game | None]) -> Game:
        """Writes what ``decide`` makes of the game; None is a condition that does not hold."""
        with self._transaction():
            return self._amend(game_id, at, decide)

    def _amend(self, game_id: str, at: Moment, decide: Callable[[Game], Game | None]) -> Game:
        current = self._living(game_id, at)
        changed = None if current is None else decide(current)
        if current is None or changed is None:
            raise Conflict(current)
        self._write(current, changed)
        return changed

    def _create(self, game: Game, at: Moment) -> None:
        if (current := self._living(game.id, at)) is not None:
            raise Conflict(current)
        self._purge(at)
        if self._most_pages and self._used_pages() >= _USED_BEFORE_SPARING * self._most_pages:
            self._make_room()
        self._insert(game)

    def _used_pages(self) -> int:
        return int(self._pragma("page_count") - self._pragma("freelist_count"))

    def _make_room(self) -> None:
        """Deletes the games that are missed least; refuses where all are played or waited at."""
        spare = [row["id"] for row in self._database.execute(_FIND_SPARE, (_SPARED_AT_ONCE,))]
        if not spare:
            _log.warning("the games' file is full, and no game can be spared")
            raise Refusal(ErrorCode.TOO_MANY, _NO_ROOM)
        self._database.executemany("DELETE FROM games WHERE id = ?", [(each,) for each in spare])
        for each in spare:
            self._games.pop(each, None)

    def _purge(self, at: Moment) -> None:
        """Deletes some of what has expired, if that has not been seen to in this second."""
        if self._purged_at != at.second:
            deleted = self._database.execute(_PURGE, (at.second, _PURGED_AT_ONCE)).rowcount
            if deleted < _PURGED_AT_ONCE:
                self._purged_at = at.second

    def _living(self, game_id: str, at: Moment) -> Game | None:
        game = self._games.get(game_id)
        if game is None:
            row = self._database.execute(_LOAD, (game_id,)).fetchone()
            if row is None:
                return None
            game = _game(dict(row))
            self._keep(game)
        return None if game.is_gone(at.second) else game

    def _insert(self, game: Game) -> None:
        self._database.execute(_INSERT, _row(game))
        self._written.add(game.id)
        self._keep(game)

    def _keep(self, game: Game) -> None:
        """Keeps a game in memory as the newest, in the place of the oldest."""
        self._games.pop(game.id, None)
        self._games[game.id] = game
        if len(self._games) > self._kept:
            del self._games[next(iter(self._games))]

    # Only what differs is written, so that a move touches no index but that of the expiry.
    def _write(self, before: Game, after: Game) -> None:
        changed = _changes(before, after)
        if changed:
            assignments = ", ".join([f"{column} = ?" for column in changed])
            statement = f"UPDATE games SET {assignments} WHERE id = ?"  # noqa: S608 (the names of columns)
            self._database.execute(statement, (*changed.values(), after.id))
            self._written.add(after.id)
            self._keep(after)

    @contextmanager
    def _transaction(self, *, statements: int = 1) -> Iterator[None]:
        """One change, of one statement or of several, which are then undone together."""
        with self._lock:
            if self._obstacle is not None:
                raise self._obstacle
            try:
                with self._change_alone() if not self._in_group else self._part(statements):
                    yield
            except sqlite3.Error as error:
                # A full disk, for one, ends the whole transaction, and with it the group.
                why = self._translated(error)
                if self._in_group and not self._database.in_transaction:
                    self._obstacle = why
                raise why from error

    @contextmanager
    def _change_alone(self) -> Iterator[None]:
        committed = False
        try:
            self._begin()
            yield
            self._commit()
            committed = True
        finally:
            self._end(committed=committed)

    def _part(self, statements: int) -> AbstractContextManager[None]:
        # Of one statement that fails SQLite itself undoes what it did.
        return nullcontext() if statements == 1 else self._savepoint()

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._database.execute("SAVEPOINT change")
        try:
            yield
        except BaseException:
            self._forget()
            if self._database.in_transaction:
                self._database.execute("ROLLBACK TO change")
            raise
        finally:
            if self._database.in_transaction:
                self._database.execute("RELEASE change")

    def _begin(self) -> None:
        self._written.clear()
        self._run("BEGIN IMMEDIATE")
        self._look()

    def _commit(self) -> None:
        began = time.perf_counter()
        self._run("COMMIT")
        self.on_commit(time.perf_counter() - began)
        if self.is_troubled:
            self.is_troubled = False
            _log.info("the games are stored again")

    def _end(self, *, committed: bool) -> None:
        if not committed:
            self._forget()
        if self._database.in_transaction:
            self._database.execute("ROLLBACK")

    def _forget(self) -> None:
        """Of what was written and is to be undone, nothing stays in memory."""
        for game_id in self._written:
            self._games.pop(game_id, None)

    def _look(self) -> None:
        """Forgets the games when another program has changed the file."""
        (version,) = self._run("PRAGMA data_version").fetchone()
        if version != self._version:
            self._games.clear()
            self._version = version

    def _run(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> Exception:
        # The low byte is the code, what is above it says more.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _HELD_BY_ANOTHER:
            return Busy()
        if code in _NOT_TO_BE_WRITTEN:
            self.is_troubled = True
            _log.error("the games cannot be stored: %s", error)
            return Unwritable()
        return error

    @contextmanager
    def _use(self) -> Iterator[None]:
        with self._lock:
            if not self._in_group:
                self._look()
            try:
                yield
            except sqlite3.Error as error:
                raise self._translated(error) from error

    def _open(self, path: Path | str) -> None:
        try:
            self._check(path)
            # NORMAL would survive the death of the process, but not that of the machine. With FULL
            # what was acknowledged is on the disk: 0.2 ms a change on a quiet virtual disk, 4 ms on
            # a busy one, instead of 0.01 ms. Nobody at a table can tell.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            if self._columns() != {*COLUMNS, "lobby"}:
                self._make_table()
            for statement in (_INDEX_SPARE, _INDEX_WATCHED, *_SEAT_INDEXES):
                self._database.execute(statement)
            self._database.execute("CREATE TABLE IF NOT EXISTS file (id TEXT NOT NULL)")
            self._database.execute(_NAME_FILE, (secrets.token_hex(8),))
            self.id: str = self._database.execute("SELECT id FROM file").fetchone()[0]
            if self._most_bytes:
                self._most_pages = max(_FEWEST_PAGES, self._most_bytes // self._pragma("page_size"))
                # Below what a file already takes SQLite lowers no limit.
                self._database.execute(f"PRAGMA max_page_count = {self._most_pages}")
        except sqlite3.OperationalError as error:
            raise UnusableFile(f"{path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise UnusableFile(f"{path} is damaged ({error}). {_MOVE_IT}") from error
        except ValueError as error:
            raise UnusableFile(
                f"{path} was written by an older noughts-tui, and its games cannot be read"
                f" ({error}). {_MOVE_IT}"
            ) from error

    def _check(self, path: Path | str) -> None:
        version, application = self._pragma("user_version"), self._pragma("application_id")
        is_empty = self._database.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        if not is_empty and application != APPLICATION_ID:
            raise UnusableFile(f"{path} is not a file of noughts-tui. {_MOVE_IT}")
        unknown = self._columns() - COLUMNS.keys() - {"lobby"}
        if version > SCHEMA_VERSION or (version == SCHEMA_VERSION and unknown):
            raise UnusableFile(f"{path} was written by a newer noughts-tui. {_UPDATE_IT}")
        damage = self._pragma("quick_check(1)")
        if damage != "ok":
            raise UnusableFile(f"{path} is damaged ({damage}). {_MOVE_IT}")

    def _columns(self) -> set[str]:
        return {row["name"] for row in self._database.execute("PRAGMA table_info(games)")}

    def _make_table(self) -> None:
        """Makes the table of games; the games of an older file are put into it."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            games = self._older_games()
            self._database.execute("DROP TABLE IF EXISTS games")
            for statement in _TABLE.split(";"):
                self._database.execute(statement)
            for game in games:
                self._insert(game)
            self._database.execute("COMMIT")
        finally:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")

    def _older_games(self) -> list[Game]:
        columns = self._columns()
        if not columns:
            return []
        if not columns >= _REQUIRED:
            raise ValueError("columns are missing")
        return [_game(dict(row)) for row in self._database.execute("SELECT * FROM games")]

    def _pragma(self, name: str) -> Any:
        return self._database.execute(f"PRAGMA {name}").fetchone()[0]


_MOVE_IT: Final = "Move it away, and the next start makes a new one."
_UPDATE_IT: Final = "Update this one, or start it with another --data folder."


def _saved(before: Game, after: Game, current: Game) -> Game | None:
    if current.rev != before.rev:
        return None
    watchers = current.watchers - rules.sat_down(before, after)
    return replace(after, watchers=watchers, emoted=current.emoted)


_HELD_BY_ANOTHER: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NOT_TO_BE_WRITTEN: Final = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
}


_values_of: Final = attrgetter(*(".".join(field.path) for field in COLUMNS.values()))
_columns_of: Final = {
    name: [(column, attrgetter(".".join(field.path))) for column, field in columns]
    for name, columns in groupby(COLUMNS.items(), key=lambda item: item[1].path[0])
}
"""By field of a game the columns that keep it."""
_fields_of: Final = attrgetter(*_columns_of)


def _changes(before: Game, after: Game) -> dict[str, Any]:
    """The columns that differ; most fields are the very same object."""
    changed = {}
    for columns, old, new in zip(
        _columns_of.values(), _fields_of(before), _fields_of(after), strict=True
    ):
        if old is not new:
            for column, value_of in columns:
                if (value := value_of(after)) != value_of(before):
                    changed[column] = _json(value) if column in _JSON else value
    if changed and before.lobby != after.lobby:
        changed["lobby"] = after.lobby
    return changed


def _json(value: Any) -> str:
    return json.dumps(plain(value))


def _row(game: Game) -> dict[str, Any]:
    row = dict(zip(COLUMNS, _values_of(game), strict=True))
    row |= {column: _json(row[column]) for column in _JSON}
    return {**row, "lobby": game.lobby}


def _game(row: Mapping[str, Any]) -> Game:
    """The game of a row, which may be of an older file and have fewer columns."""
    values = {}
    for column in COLUMNS.keys() & row.keys():
        value = row[column]
        if column in _JSON:
            value = json.loads(value)
        elif column in _TRUTH:
            value = bool(value)
        values[COLUMNS[column].path] = value
    return game_of(values)


def _line(row: sqlite3.Row) -> LobbyLine:
    return LobbyLine(
        id=row["id"],
        since=row["since"],
        clock=row["clock"],
        names=(_name(row, Mark.X), _name(row, Mark.O)),
        connections=(row["player_x"], row["player_o"]),
    )


def _name(row: sqlite3.Row, mark: Mark) -> str | None:
    return row[f"name_{mark}"] if row[f"token_{mark}"] else None
