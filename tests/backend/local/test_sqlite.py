"""What the SQLite store promises beyond the contract of every store."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from backend.core import game as rules
from backend.core.fields import game_of, values_of
from backend.core.game import Game, Moment, Move, Seat
from backend.core.ports import Busy, Change, Conflict, Unwritable
from backend.local import sqlite
from backend.local.sqlite import COLUMNS, SCHEMA_VERSION, SqliteStore, UnusableFile
from shared.board import Mark
from shared.errors import ErrorCode, Refusal
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
    [
        *(sqlite._LOAD, sqlite._PURGE),
        *sqlite._LOBBY.values(),
        *sqlite._HELD.values(),
        *sqlite._LAST_OVER.values(),
    ],
)
def test_no_call_reads_the_whole_table(store: SqliteStore, statement: str) -> None:
    """However many games there are, a call looks at its own: by an index, in the order asked."""
    found = plan(store, statement)
    assert "SEARCH games USING" in found
    assert "SCAN" not in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("statement", [*sqlite._CONNECTED, sqlite._WATCHED])
def test_the_start_reads_only_who_was_connected(store: SqliteStore, statement: str) -> None:
    """Only the entries of a partial index are walked, which holds the connected alone."""
    assert "USING" in plan(store, statement)
    assert "INDEX games_" in plan(store, statement)


def test_the_end_of_a_connection_reads_no_game_that_is_over(store: SqliteStore) -> None:
    """However many games were watched before, only those are walked that wait or are played."""
    assert "INDEX games_open_watched" in plan(store, sqlite._WATCHED)


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


def test_the_time_of_an_outage_is_nobodys(store: SqliteStore) -> None:
    """Whoever is to move has the whole time anew, also where both had gone before."""
    clocked = game(moves="4", clock=5, turn_at=NOW - 60_000, since=NOW - 90_000)
    x, o = (
        replace(seat(name), connection=None, away="lost", away_at=NOW - 50_000) for name in "ab"
    )
    alone = replace(clocked, id="ALONE0", x=x, o=o)
    over = replace(clocked, id="OVER00", status="resigned", x=alone.x, o=alone.o)
    for each in (clocked, alone, over):
        store.create(each, Moment(NOW - 90_000, AT.expires))
    store.unbind_all(AT)
    for each in (clocked, alone):
        opened = store.load(each.id, AT)
        assert opened is not None
        assert (opened.deadline, opened.x.away) == (NOW + 5_000, "lost")
        with pytest.raises(Refusal):
            rules.judge_claim(opened, Mark.X, NOW + 4_999)
    assert store.load(over.id, AT) == over


def test_no_time_lies_ahead_after_the_start(store: SqliteStore) -> None:
    """Where the clock was set back while the server was away, claims count from now on."""
    ahead = NOW + 3_600_000
    gone = Seat(token="a" * 64, bound_at=ahead, away="left", away_at=ahead)
    store.create(
        game(x=gone, o=replace(seat("b"), connection=None), turn_at=ahead, since=ahead), AT
    )
    store.unbind_all(AT)
    opened = store.load("K7QF2M", AT)
    assert opened is not None
    assert (opened.since, opened.turn_at, opened.x.away_at, opened.x.bound_at) == (NOW,) * 4
    assert rules.judge_claim(opened, Mark.O, NOW + 30_000) == "abandoned"


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


# Groups


class Database:
    """The store's own connection, of which some statements fail; it notes all of them."""

    def __init__(self, store: SqliteStore) -> None:
        self._database, self.statements = store._database, list[str]()
        self.fails: dict[str, Exception] = {}
        store._database = cast("sqlite3.Connection", self)

    def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
        self.statements.append(statement)
        for begins, error in self.fails.items():
            if statement.startswith(begins):
                raise error
        return self._database.execute(statement, *given)

    def ran(self, *begin: str) -> list[str]:
        return [statement for statement in self.statements if statement.startswith(begin)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def move(store: SqliteStore, game_id: str = "K7QF2M", cell: int = 4) -> Game:
    return store.append_move(game_id, "a", Move("", cell), AT)


def test_a_group_is_one_transaction(store: SqliteStore) -> None:
    """A hundred changes are begun once and committed once."""
    codes = [f"GAME{number:02}" for number in range(100)]
    database = Database(store)
    with store.group():
        for code in codes:
            store.create(game(code), AT)
            move(store, code)
    assert database.ran("BEGIN", "COMMIT") == ["BEGIN IMMEDIATE", "COMMIT"]
    assert all(store.load(code, AT) for code in codes)


def test_a_move_is_one_statement(store: SqliteStore) -> None:
    """A move of a game that is played here reads nothing and writes what it changes."""
    store.create(game(expires=AT.expires - 1), AT)
    database = Database(store)
    with store.group():
        move(store)
    assert database.statements == [
        "BEGIN IMMEDIATE",
        "PRAGMA data_version",
        "UPDATE games SET expires = ?, rev = ?, moves = ? WHERE id = ?",
        "COMMIT",
    ]


def test_what_a_group_does_is_seen_within_it(store: SqliteStore) -> None:
    """A later call of a group sees what an earlier one did, by the code and in every list."""
    with store.group():
        store.create(game(listed=True), AT)
        assert move(store) == store.load("K7QF2M", AT)
        assert store.games_of("a") == [("K7QF2M", Mark.X)]
        assert [line.id for line in store.lobby("live", 0)] == ["K7QF2M"]


def test_a_failed_call_leaves_the_others_of_its_group(store: SqliteStore) -> None:
    """What fails in a group is undone alone, and what came before and after it is kept."""
    for code in ("FIRST0", "BROKEN", "LATER0"):
        store.create(game(code), AT)
    with store.group():
        first = move(store, "FIRST0")
        with pytest.raises(sqlite3.IntegrityError):
            store.save(game("BROKEN"), game("BROKEN", moves=None, rev=2), AT)
        with pytest.raises(sqlite3.IntegrityError):
            store.save_together(
                [
                    Change(game("LATER0"), game("LATER0", moves="0", rev=2)),
                    Change(game("BROKEN"), game("BROKEN", moves=None, rev=2)),
                ],
                AT,
            )
        later = move(store, "LATER0")
    assert (later.rev, later.moves) == (2, "4")
    expected = {"FIRST0": first, "BROKEN": game("BROKEN"), "LATER0": later}
    for _ in range(2):
        assert {code: store.load(code, AT) for code in expected} == expected
        store._games.clear()


DISK_ERRORS = {
    "the commit fails": ("COMMIT", sqlite3.OperationalError("disk I/O error")),
    "nothing can begin": ("BEGIN", sqlite3.OperationalError("disk I/O error")),
    "the version cannot be read": ("PRAGMA", sqlite3.OperationalError("disk I/O error")),
}


@pytest.mark.parametrize("fault", DISK_ERRORS)
def test_a_disk_that_fails_keeps_nothing_of_a_group(store: SqliteStore, fault: str) -> None:
    """Nothing of a group that failed is there, on the disk or in memory, and the next is served."""
    begins, error = DISK_ERRORS[fault]
    store.create(game(), AT)
    database = Database(store)
    database.fails[begins] = error
    with pytest.raises(sqlite3.OperationalError), store.group():  # noqa: PT012 (the end is part of it)
        assert store.load("K7QF2M", AT) == game()
        move(store)
        store.create(game("SECOND"), AT)
    database.fails.clear()
    assert (store.load("K7QF2M", AT), store.load("SECOND", AT)) == (game(), None)
    with store.group():
        played = move(store)
    store._games.clear()
    assert store.load("K7QF2M", AT) == played


def fits(store: SqliteStore, name: str) -> bool:
    """Whether five games more are kept."""
    try:
        with store.group():
            for number in range(5):
                store.create(game(f"{name}{number:02}"), AT)
    except Unwritable:
        return False
    return True


def _full(store: SqliteStore) -> str:
    pages = store._pragma("page_count")
    store._database.execute(f"PRAGMA max_page_count = {pages}")
    return "PRAGMA max_page_count = 1000000"


def _read_only(store: SqliteStore) -> str:
    store._database.execute("PRAGMA query_only = 1")
    return "PRAGMA query_only = 0"


@pytest.mark.parametrize("grouped", [False, True], ids=["alone", "grouped"])
@pytest.mark.parametrize("fill", [_full, _read_only])
def test_a_disk_that_takes_nothing_is_said_so_and_works_again(
    store: SqliteStore,
    caplog: pytest.LogCaptureFixture,
    fill: Callable[[SqliteStore], str],
    grouped: bool,
) -> None:
    """While nothing can be stored each change is refused as such, and afterwards all is well."""
    caplog.set_level("INFO")
    store.create(game(), AT)
    mend = fill(store)
    group = store.group() if grouped else nullcontext()
    with pytest.raises(Unwritable), group:  # noqa: PT012 (the end of the group is part of it)
        for number in range(1000):
            store.create(game(f"A{number:05}"), AT)
    assert (store.is_writable(), store.is_troubled) == (False, True)
    assert store.load("K7QF2M", AT) == game()
    store._database.execute(mend)
    assert (store.is_writable(), store.is_troubled) == (True, False)
    store.create(game("B00000"), AT)
    said = [record.getMessage().partition(":")[0] for record in caplog.records]
    assert set(said[:-1]) == {"the games cannot be stored"}
    assert said[-1] == "the games are stored again"


MOST_BYTES = 64 * 4096


def bounded(path: Path) -> AbstractContextManager[SqliteStore]:
    return closing(SqliteStore(path, most_bytes=MOST_BYTES))


def ids(store: SqliteStore) -> set[str]:
    return {row["id"] for row in store._database.execute("SELECT id FROM games")}


def test_the_file_grows_to_its_bound_and_no_further(path: Path) -> None:
    """However many games are begun and finished, the file stays within its bound."""
    with bounded(path) as store:
        for hundred in range(20):
            with store.group():
                for number in range(100 * hundred, 100 * hundred + 100):
                    expires = AT.expires + number
                    store.create(game(f"F{number:05}", status="won", expires=expires), AT)
        assert len(ids(store)) < 1000
        assert f"F{1999:05}" in ids(store)
    assert path.stat().st_size <= MOST_BYTES


def test_what_is_long_over_makes_room_first(path: Path) -> None:
    """Games in play or waited at are kept; of those over the oldest go, then the forsaken."""
    nobody = Seat(token="x" * 64, name="gone")
    kept = {"PLAYED": game("PLAYED"), "WAITED": game("WAITED", status="waiting", o=Seat())}
    forsaken = game("FORSAK", status="waiting", x=nobody, o=Seat())
    with bounded(path) as store:
        number = 0
        with store.group():
            for one in (*kept.values(), forsaken):
                store.create(one, AT)
            while store._used_pages() < 0.9 * store._most_pages:
                # Those that are begun first are the last to expire.
                expires = AT.expires + 100_000 - number
                store.create(game(f"F{number:05}", status="won", expires=expires), AT)
                number += 1
        store.create(game("LATEST"), AT)
        over = {f"F{each:05}" for each in range(number - 20)}
        assert ids(store) == {*kept, "FORSAK", "LATEST", *over}
        assert {one: store.load(one, AT) for one in kept} == kept
        assert store.load(f"F{number - 1:05}", AT) is None


def test_where_no_game_can_be_spared_none_is_begun(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A server full of games in play refuses another, and those in play go on."""
    with bounded(path) as store:
        forsaken = game("FORSAK", status="waiting", x=Seat(token="x" * 64), o=Seat())
        with store.group():
            store.create(forsaken, AT)
            with pytest.raises(Refusal) as refused:  # noqa: PT012 (how many fit is not known)
                for number in range(5000):
                    store.create(game(f"P{number:05}"), AT)
        assert refused.value.code is ErrorCode.TOO_MANY
        assert "FORSAK" not in ids(store)
        assert move(store, "P00000").moves == "4"
        assert store.is_writable()
    assert "no game can be spared" in caplog.text
    assert path.stat().st_size <= MOST_BYTES


def test_the_games_to_spare_are_found_by_an_index(store: SqliteStore) -> None:
    """To make room no game is looked at that stays."""
    found = plan(store, sqlite._FIND_SPARE)
    assert "USING INDEX games_to_spare" in found
    assert "TEMP B-TREE" not in found


def test_trying_leaves_nothing_behind(store: SqliteStore) -> None:
    """However often it is tried whether a game could be stored, the file does not grow by it."""
    for _ in range(3):
        assert store.is_writable()
    pages = store._pragma("page_count")
    for _ in range(100):
        assert store.is_writable()
    assert store._pragma("page_count") == pages
    assert store._database.execute("SELECT id FROM file").fetchall()[0][0] == store.id


def test_each_commit_is_measured(path: Path) -> None:
    """The operator sees how long the disk takes, once for all changes of a group."""
    seconds: list[float] = []
    with closing(SqliteStore(path, on_commit=seconds.append)) as store:
        store.create(game(), AT)
        with store.group():
            store.create(game("SECOND"), AT)
            move(store, "SECOND")
    assert len(seconds) == 2
    assert min(seconds) > 0


def test_a_full_disk_keeps_what_it_acknowledged(path: Path) -> None:
    """When the disk is full, what was told to be kept is kept and all else is not."""
    with closing(SqliteStore(path)) as store:
        pages = store._pragma("page_count")
        store._database.execute(f"PRAGMA max_page_count = {pages + 4}")
        kept = 0
        while fits(store, f"{kept:04}"):
            kept += 1
    with closing(SqliteStore(path)) as store:
        found = store._database.execute("SELECT count(*) FROM games").fetchone()[0]
    assert kept > 0
    assert found == 5 * kept


def test_a_group_beside_another_program(path: Path) -> None:
    """While another program holds the file a group's changes are busy and its reads are served."""
    with closing(SqliteStore(path, busy_seconds=0.01)) as store, closing(_other(path)) as other:
        store.create(game(), AT)
        other.execute("BEGIN IMMEDIATE")
        with store.group():
            for _ in range(2):
                with pytest.raises(Busy):
                    move(store)
            assert store.load("K7QF2M", AT) == game()
        other.execute("ROLLBACK")
        with store.group():
            assert move(store).moves == "4"


def test_what_another_program_changed_is_noticed(path: Path) -> None:
    """What is kept in memory is never older than the file."""
    with closing(SqliteStore(path)) as store, closing(_other(path)) as other:
        store.create(game(), AT)
        other.execute("UPDATE games SET moves = '0', rev = 2")
        with store.group(), pytest.raises(Conflict) as found:
            move(store)
        assert found.value.current == game(moves="0", rev=2)
        other.execute("UPDATE games SET moves = '08', rev = 3")
        assert store.load("K7QF2M", AT) == game(moves="08", rev=3)


def test_memory_holds_the_games_used_last(path: Path) -> None:
    """However many games there are, so many are kept, and the others are read from the file."""
    with closing(SqliteStore(path, kept=3)) as store:
        for number in range(9):
            store.create(game(f"GAME{number:02}"), AT)
        assert list(store._games) == ["GAME06", "GAME07", "GAME08"]
        assert move(store, "GAME00") == store.load("GAME00", AT)
        assert list(store._games) == ["GAME07", "GAME08", "GAME00"]


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


def test_a_version_loses_no_column(path: Path) -> None:
    """Without a column that it had, a file is of another version, which older programs refuse."""
    with closing(_other(path)) as database:
        database.executescript(PAST_SCHEMAS[SCHEMA_VERSION])
        assert columns(database) - {*COLUMNS, "lobby"} == set(), (
            "Add one to SCHEMA_VERSION, and the new schema to tests/backend/local/past_schemas.py."
        )


def test_a_column_of_a_newer_program_is_left_alone(path: Path) -> None:
    """What a newer program keeps of a game is not lost by starting an older one."""
    write_past_file(path, SCHEMA_VERSION)
    with closing(_other(path)) as database:
        database.execute("ALTER TABLE games ADD COLUMN mood TEXT")
        before = list(database.iterdump())
    with pytest.raises(UnusableFile, match="newer noughts-tui"):
        SqliteStore(path)
    with closing(_other(path)) as database:
        assert list(database.iterdump()) == before


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
