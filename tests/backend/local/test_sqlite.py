"""What the SQLite store promises beyond the contract of every store."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.core.fields import game_of, values_of
from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Busy, Conflict
from backend.local import sqlite
from backend.local.sqlite import COLUMNS, SCHEMA_VERSION, SqliteStore, UnusableFile
from shared.board import Mark
from shared.messages import Series
from tests.backend.full_game import full_game
from tests.backend.local.past_schemas import PAST_GAME, PAST_SCHEMAS

NOW = 1_700_000_000_000
AT = Moment(NOW, NOW // 1000 + 3600)
LATER = Moment(NOW + 3_600_000, NOW // 1000 + 7200)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "games.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore(path)) as opened:
        yield opened


def seat(name: str) -> Seat:
    return Seat(token=name * 64, name=name, connection=name, bound_at=NOW)


def game(game_id: str = "K7QF2M", **fields: Any) -> Game:
    blank = Game(id=game_id, expires=AT.expires, since=NOW, turn_at=NOW, x=seat("a"), o=seat("b"))
    return replace(blank, **{"status": "playing", **fields})


def plan(store: SqliteStore, statement: str) -> str:
    """How SQLite would run a statement, whatever its parameters are."""
    parameters = dict.fromkeys(("id", "kind", "clock", "since"), 1)
    given = parameters if ":" in statement else (1,) * statement.count("?")
    rows = store._database.execute(f"EXPLAIN QUERY PLAN {statement}", given)
    return "\n".join(row["detail"] for row in rows)


@pytest.mark.parametrize(
    "statement",
    [sqlite._LOAD, sqlite._PURGE, *sqlite._LOBBY.values(), *sqlite._HELD.values()],
)
def test_no_call_reads_the_whole_table(store: SqliteStore, statement: str) -> None:
    """However many games there are, a call looks at its own: by an index, in the order asked."""
    found = plan(store, statement)
    assert "SEARCH games USING" in found
    assert "SCAN" not in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("statement", sqlite._CONNECTED)
def test_the_start_reads_only_who_was_connected(store: SqliteStore, statement: str) -> None:
    """Only the entries of a partial index are walked, which holds the connected alone."""
    assert "USING" in plan(store, statement)
    assert "INDEX games_" in plan(store, statement)


def test_a_change_is_written_to_the_disk(store: SqliteStore) -> None:
    """What is acknowledged outlives the machine's power, not only the process."""
    assert store._pragma("journal_mode") == "wal"
    assert store._pragma("synchronous") == 2


def test_the_games_are_there_when_the_file_is_opened_again(path: Path) -> None:
    """A game lives in the file, not in the process."""
    with closing(SqliteStore(path)) as store:
        store.create(game(), AT)
        played = store.append_move("K7QF2M", "a", Move("", 4), AT)
    with closing(SqliteStore(path)) as store:
        assert store.load("K7QF2M", AT) == played


def test_one_of_many_racing_moves_is_played(store: SqliteStore) -> None:
    """Of moves that come at the same moment one is stored, and the others learn which."""
    store.create(game(), AT)
    together = threading.Barrier(8)

    def play(cell: int) -> tuple[bool, Game | None]:
        together.wait()
        try:
            return True, store.append_move("K7QF2M", "a", Move("", cell), AT)
        except Conflict as conflict:
            return False, conflict.current

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(play, range(8)))
    assert [won for won, _ in results].count(True) == 1
    assert [after for _, after in results] == 8 * [store.load("K7QF2M", AT)]


def test_a_file_held_by_another_program_is_busy(path: Path) -> None:
    """A backup or a curious person with the file open makes a call busy, not wrong."""
    with closing(SqliteStore(path, busy_seconds=0.01)) as store, closing(_other(path)) as other:
        store.create(game(), AT)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            store.append_move("K7QF2M", "a", Move("", 4), AT)
        assert store.load("K7QF2M", AT) == game()
        other.execute("ROLLBACK")
        assert store.append_move("K7QF2M", "a", Move("", 4), AT).moves == "4"


def test_a_change_that_fails_half_way_changes_nothing(store: SqliteStore) -> None:
    """Nothing of a broken call is left behind, and the next call is served."""
    store.create(game(), AT)
    broken = game(moves=None, rev=2)
    with pytest.raises(sqlite3.IntegrityError):
        store.save(game(), broken, AT)
    assert store.load("K7QF2M", AT) == game()


def test_expired_games_are_deleted_when_others_begin(store: SqliteStore) -> None:
    """The file does not grow by games that are gone."""
    for number in range(30):
        store.create(game(f"GAME{number:02}"), AT)
    store.create(game("LATER1", expires=LATER.expires), LATER)
    store.create(game("LATER2", expires=LATER.expires), LATER)
    left = store._database.execute("SELECT id FROM games ORDER BY id").fetchall()
    assert [row["id"] for row in left] == ["LATER1", "LATER2"]


def test_at_the_start_nobody_is_connected(store: SqliteStore) -> None:
    """The seats and watchers of the last process are let go; what is played stays."""
    live = game(moves="4", watchers=frozenset({"w"}), emoted={"a": NOW}, listed=True)
    half = game("HALF00", o=replace(seat("b"), connection=None, away="left", away_at=NOW - 9))
    idle = game("IDLE00", x=replace(seat("a"), connection=None), o=Seat(), status="waiting")
    for each in (live, half, idle, game("GONE00", expires=AT.second)):
        store.create(each, Moment(NOW - 1000, AT.expires))
    store.unbind_all(AT)
    lost: dict[str, Any] = {"connection": None, "away": "lost", "away_at": NOW}
    assert store.load("K7QF2M", AT) == replace(
        live,
        rev=3,
        x=replace(live.x, **lost),
        o=replace(live.o, **lost),
        watchers=frozenset(),
        emoted={},
    )
    assert store.load("HALF00", AT) == replace(half, rev=2, x=replace(half.x, **lost))
    assert store.load("IDLE00", AT) == idle
    assert store.games_of("a") == store.games_of("b") == []
    assert store.lobby("live", 0) == []
    assert store._database.execute("SELECT count(*) FROM games").fetchone()[0] == 3


def _other(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(8192))


def _torn(path: Path) -> None:
    SqliteStore(path).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def _foreign(path: Path) -> None:
    with closing(_other(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")


def _newer(path: Path) -> None:
    SqliteStore(path).close()
    with closing(_other(path)) as other:
        other.execute(f"PRAGMA user_version = {sqlite.SCHEMA_VERSION + 1}")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_garbage, "is damaged"),
        (_torn, "is damaged"),
        (_foreign, "is not a file of noughts-tui"),
        (_newer, "was written by a newer noughts-tui"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_alone(path: Path, spoil: object, said: str) -> None:
    """A damaged, newer or foreign file is told of, and stays byte for byte what it was."""
    assert callable(spoil)
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(UnusableFile, match=said):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_place_that_is_no_place_is_told_of(tmp_path: Path) -> None:
    """A folder that is not there is an error that names it."""
    with pytest.raises(UnusableFile, match="cannot be opened"):
        SqliteStore(tmp_path / "nowhere" / "games.sqlite3")


def test_marks_are_marks_again(store: SqliteStore) -> None:
    """Marks come back as marks, not as the text they were stored as."""
    store.create(game(status="won", winner=Mark.O, offer=Mark.X), AT)
    loaded = store.load("K7QF2M", AT)
    assert loaded is not None
    assert (loaded.winner, loaded.offer) == (Mark.O, Mark.X)
    assert isinstance(loaded.winner, Mark)


def test_a_file_has_a_name_of_its_own(tmp_path: Path) -> None:
    """A file keeps the id it was made with, and no other has it."""
    ids = []
    for name in ("one", "other", "one"):
        with closing(SqliteStore(tmp_path / name)) as store:
            ids.append(store.id)
    assert ids[0] == ids[2] != ids[1]


PAST = replace(
    Game(id="K7QF2M", expires=AT.expires, rev=3, status="playing", moves="4", clock=30),
    x=Seat(token="a" * 64, name="a", connection="a", bound_at=NOW),
    o=Seat(token="b" * 64, name="b", connection="b", bound_at=NOW),
    turn_at=NOW,
    since=NOW,
    listed=True,
    series=Series(x=1, drawn=2),
)


def columns(database: sqlite3.Connection) -> set[str]:
    return {row[1] for row in database.execute("PRAGMA table_info(games)")}


def write_past_file(path: Path, version: int) -> None:
    with closing(_other(path)) as database:
        database.executescript(PAST_SCHEMAS[version])
        database.execute(PAST_GAME, {"token_x": "a" * 64, "token_o": "b" * 64})


@pytest.mark.parametrize("version", PAST_SCHEMAS)
def test_the_games_of_every_past_version_are_kept(path: Path, version: int) -> None:
    """Whoever updates the program goes on with the games of the file that it wrote before."""
    write_past_file(path, version)
    with closing(SqliteStore(path)) as store:
        assert store.load("K7QF2M", AT) == PAST
        assert store.append_move("K7QF2M", "b", Move("4", 0), AT).moves == "40"
        assert store._pragma("user_version") == SCHEMA_VERSION
    with closing(_other(path)) as database:
        assert columns(database) == {*COLUMNS, "lobby"}


def test_the_schema_of_a_version_never_changes(path: Path) -> None:
    """A new column makes a new version, so that an older program leaves the newer file alone."""
    with closing(_other(path)) as database:
        database.executescript(PAST_SCHEMAS[SCHEMA_VERSION])
        assert columns(database) == {*COLUMNS, "lobby"}, (
            "Add one to SCHEMA_VERSION, and the new schema to tests/backend/local/past_schemas.py."
        )


@pytest.mark.parametrize("column", sorted(COLUMNS.keys() - {"id", "expires"}))
def test_a_file_without_a_column_is_brought_up_to_date(path: Path, column: str) -> None:
    """A field that a file does not know yet has its default, and is kept from then on."""
    write_past_file(path, SCHEMA_VERSION)
    with closing(_other(path)) as database:
        fewer = ", ".join(sorted(columns(database) - {column}))
        database.executescript(
            f"CREATE TABLE older AS SELECT {fewer} FROM games; DROP TABLE games;"  # noqa: S608 (the names of columns)
            "ALTER TABLE older RENAME TO games;"
        )
    with closing(SqliteStore(path)) as store:
        values = values_of(PAST) | {COLUMNS[column].path: BLANK[COLUMNS[column].path]}
        assert store.load("K7QF2M", AT) == game_of(values)
        store.create(full_game_called("ZZZZZZ"), AT)
    with closing(SqliteStore(path)) as store:
        assert store.load("ZZZZZZ", AT) == full_game_called("ZZZZZZ")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE games SET status = 'adjourned'",
        "UPDATE games SET watchers = 'nobody'",
        "ALTER TABLE games DROP COLUMN expires",
    ],
)
def test_an_older_file_that_means_something_else_is_left_alone(path: Path, damage: str) -> None:
    """What cannot be understood is not guessed at: the file stays, and a person is told."""
    write_past_file(path, 1)
    with closing(_other(path)) as database:
        database.executescript("DROP INDEX games_by_expiry; ALTER TABLE games DROP COLUMN emoted;")
        database.execute(damage)
        before = list(database.iterdump())
    with pytest.raises(UnusableFile, match=r"older noughts-tui.*Move it away"):
        SqliteStore(path)
    with closing(_other(path)) as database:
        assert list(database.iterdump()) == before


BLANK = values_of(Game(id="", expires=0))


def full_game_called(code: str) -> Game:
    return replace(full_game(), id=code, expires=AT.expires)
