"""Seats on disk: nobody else reads them, nothing is lost, and a living process keeps its own."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.tui.snapshots import CODE, KEY, NEXT, NOW
from tui.client.seats import SavedSeat, Seats

URL = "wss://example.org/game"
TOKEN = f"x.{KEY}"
DAY = 24 * 3600 * 1000


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


def test_a_seat_outlives_its_process(tmp_path: Path) -> None:
    """What one process saved the next one offers, newest first and for its server only."""
    clock = Clock()
    old = Seats(tmp_path, now_ms=clock)
    kept = [old.keep(URL, CODE, TOKEN)]
    clock.now += 1
    kept += [old.keep(URL, NEXT, f"o.{KEY}"), old.keep("ws://other", CODE, TOKEN)]
    for seat in kept:
        old.release(seat)
    new = Seats(tmp_path, now_ms=clock)
    assert new.offered(URL) == (
        SavedSeat(URL, NEXT, f"o.{KEY}", NOW + 1),
        SavedSeat(URL, CODE, TOKEN, NOW),
    )


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    """The file with the rights to seats is readable by its owner alone, and has no leftovers."""
    Seats(tmp_path / "state").keep(URL, CODE, TOKEN)
    file = tmp_path / "state" / "seats.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert not list(file.parent.glob(".seats-*"))


def test_a_held_seat_is_not_offered(tmp_path: Path) -> None:
    """A second terminal is not offered the seat of the first, until the first has ended."""
    first, second = Seats(tmp_path), Seats(tmp_path)
    seat = first.keep(URL, CODE, TOKEN)
    assert second.offered(URL) == first.offered(URL) == ()
    assert not second.hold(seat)
    assert first.hold(seat)
    first.release(seat)
    assert second.offered(URL) == (seat,)
    assert second.hold(seat)
    assert first.offered(URL) == ()


def test_both_players_are_at_home_here(tmp_path: Path) -> None:
    """Two who play each other from one account each keep their own seat."""
    ada, bob = Seats(tmp_path), Seats(tmp_path)
    ada.keep(URL, CODE, f"x.{KEY}")
    other = bob.keep(URL, CODE, f"o.{KEY[::-1]}")
    assert ada.offered(URL) == bob.offered(URL) == ()
    bob.release(other)
    assert Seats(tmp_path).offered(URL) == (other,)
    bob.forget(other)
    assert json.loads((tmp_path / "seats.json").read_text())["seats"][0]["token"] == f"x.{KEY}"


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """The seat of a process that was killed is offered at once."""
    program = (
        "import sys, pathlib; from tui.client.seats import Seats;"
        f"seats = Seats(pathlib.Path({str(tmp_path)!r})); seats.keep({URL!r}, {CODE!r}, {TOKEN!r});"
        "print('kept', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"kept\n"
        assert Seats(tmp_path).offered(URL) == ()
        process.kill()
        process.wait()
        assert [seat.id for seat in Seats(tmp_path).offered(URL)] == [CODE]


def test_a_forgotten_seat(tmp_path: Path) -> None:
    """A seat whose game is over leaves neither a line nor a lock file."""
    seats = Seats(tmp_path)
    seat = seats.keep(URL, CODE, TOKEN)
    seats.forget(seat)
    seats.forget(seat)
    assert json.loads((tmp_path / "seats.json").read_text()) == {"seats": []}
    assert not list((tmp_path / "held").iterdir())


@pytest.mark.parametrize("days", [-40 * 365, -8, 8, 40 * 365])
def test_a_clock_that_jumps(tmp_path: Path, days: int) -> None:
    """A clock that was wrong, or is now, costs nobody a seat, and the newest is first."""
    clock = Clock()
    seats = Seats(tmp_path, now_ms=clock)
    seats.release(seats.keep(URL, CODE, TOKEN))
    clock.now += days * DAY
    seats.release(seats.keep(URL, NEXT, TOKEN))
    assert [seat.id for seat in Seats(tmp_path, now_ms=clock).offered(URL)] == [NEXT, CODE]


def test_seats_that_nobody_came_back_to(tmp_path: Path) -> None:
    """The file does not grow for ever: of more than a hundred seats the oldest are dropped."""
    seats = Seats(tmp_path)
    entries = [
        {"url": f"ws://{number}", "id": CODE, "token": TOKEN, "saved_at": number}
        for number in range(100)
    ]
    (tmp_path / "seats.json").write_text(json.dumps({"seats": entries}))
    seats.keep(URL, CODE, TOKEN)
    left = json.loads((tmp_path / "seats.json").read_text())["seats"]
    assert [entry["url"] for entry in left] == [URL, *(f"ws://{number}" for number in range(99))]


FUTURE: dict[str, Any] = {"url": URL, "id": CODE, "token": TOKEN, "saved_at": NOW, "mood": ["fine"]}


@pytest.mark.parametrize(
    "bad",
    [
        {},
        None,
        7,
        "seat",
        {**FUTURE, "url": 1},
        {**FUTURE, "token": "z"},
        {**FUTURE, "saved_at": "now"},
        *({**FUTURE, "id": code} for code in (7, None, "../../x")),
    ],
)
def test_one_bad_entry(tmp_path: Path, bad: object) -> None:
    """A seat that cannot be read costs no other seat, stays where it stands, and is told of."""
    path = tmp_path / "seats.json"
    good = {"url": URL, "id": NEXT, "token": TOKEN, "saved_at": NOW}
    path.write_text(json.dumps({"seats": [bad, good]}))
    seats = Seats(tmp_path)
    assert [seat.id for seat in seats.offered(URL)] == [NEXT]
    assert seats.warning == f"A saved seat cannot be read, and is left as it is: {path}."
    seats.keep("ws://other", CODE, TOKEN)
    assert json.loads(path.read_text())["seats"][1:] == [bad, good]


def test_what_a_newer_version_wrote(tmp_path: Path) -> None:
    """Fields that this version does not know are kept, of the file and of each seat."""
    path = tmp_path / "seats.json"
    path.write_text(json.dumps({"version": 9, "seats": [FUTURE], "more": {"a": [1]}}))
    seats = Seats(tmp_path, now_ms=lambda: NOW + 1)
    seats.keep(URL, NEXT, TOKEN)
    seats.keep(URL, CODE, TOKEN)
    document = json.loads(path.read_text())
    assert document == {
        "version": 9,
        "more": {"a": [1]},
        "seats": [
            {**FUTURE, "saved_at": NOW + 1},
            {"url": URL, "id": NEXT, "token": TOKEN, "saved_at": NOW + 1},
        ],
    }
    assert seats.warning is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.EACCES])
def test_a_file_that_cannot_be_read_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A failure to read is not damage: nothing is put aside or overwritten, and all comes back."""
    path = tmp_path / "seats.json"
    seats = Seats(tmp_path, now_ms=lambda: NOW)
    old = seats.keep(URL, CODE, TOKEN)
    seats.release(old)
    written = path.read_bytes()

    def fail(_path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as unreadable:
        unreadable.setattr(Path, "read_bytes", fail)
        assert seats.offered(URL) == ()
        said = f"The saved seats cannot be read now: {path}: {os.strerror(number)}."
        assert seats.warning == said
        new = seats.keep(URL, NEXT, TOKEN)
        seats.release(new)
        assert seats.offered(URL) == (new,)
    assert path.read_bytes() == written
    assert not list(tmp_path.glob("seats.damaged*"))
    assert seats.offered(URL) == (new, old)
    assert Seats(tmp_path).offered(URL) == (new, old)
    assert seats.warning is None


@pytest.mark.parametrize(
    ("number", "offered"),
    [(errno.EMFILE, False), (errno.EIO, False), (errno.EROFS, True), (errno.ENOLCK, True)],
)
def test_a_lock_that_cannot_be_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, offered: bool
) -> None:
    """Where there are no locks nobody holds a seat; a failure of a moment does not say so."""
    seats = Seats(tmp_path)
    seat = seats.keep(URL, CODE, TOKEN)
    seats.release(seat)

    def fail(_lock: FileLock, **_how: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as unlocked:
        unlocked.setattr(FileLock, "acquire", fail)
        assert seats.offered(URL) == ((seat,) if offered else ())
        assert seats.hold(seat)
    other = Seats(tmp_path)
    assert other.hold(seat)
    other.release(seat)
    assert seats.hold(seat)
    assert not other.hold(seat)


def test_a_stopped_process_that_holds_the_file(tmp_path: Path) -> None:
    """Nobody waits for a process that was stopped: the seat is kept, and saved when it can be."""
    seats = Seats(tmp_path)
    stopped = FileLock(tmp_path / "seats.lock")
    with stopped:
        seat = seats.keep(URL, CODE, TOKEN)
        assert seats.warning == (
            "Games left here cannot be resumed by another terminal:"
            f" {tmp_path}: another program holds {tmp_path / 'seats.lock'}."
        )
        assert not (tmp_path / "seats.json").exists()
    assert seats.hold(seat)
    seats.release(seat)
    assert Seats(tmp_path).offered(URL) == (seat,)
    assert seats.warning is None


def test_a_stopped_process_is_waited_for_once(tmp_path: Path) -> None:
    """A lock that is not let go holds a client up for an instant, and only the first time."""
    seats = Seats(tmp_path)
    waited: list[object] = []

    class Watched(FileLock):
        def acquire(self, timeout: float | None = None, *arguments: Any, **options: Any) -> Any:
            waited.append(timeout)
            return super().acquire(timeout, *arguments, **options)

    with FileLock(tmp_path / "seats.lock"), pytest.MonkeyPatch.context() as patched:
        patched.setattr("tui.client.seats.FileLock", Watched)
        for _ in range(3):
            seats.keep(URL, CODE, TOKEN)
    assert None not in waited
    assert sum(each for each in waited if isinstance(each, float | int)) <= 0.25


def test_a_resume_while_somebody_looks(tmp_path: Path) -> None:
    """Listing the seats at the same instant refuses nobody his own."""
    seats = Seats(tmp_path)
    seat = seats.keep(URL, CODE, TOKEN)
    seats.release(seat)
    [name] = (tmp_path / "held").iterdir()
    looking = FileLock(name, thread_local=False)
    looking.acquire()
    done = threading.Timer(0.01, looking.release)
    done.start()
    assert seats.hold(seat, patience=30)
    done.join()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"seats": 1}',
        '{"seats": {}}',
        '{"others": []}',
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        f'{{"other": {100_000 * "["}',
    ],
)
def test_a_damaged_file_is_kept_aside(tmp_path: Path, text: str) -> None:
    """A file that cannot be read is put aside, said to be, and new seats are saved."""
    (tmp_path / "seats.json").write_text(text)
    seats = Seats(tmp_path, now_ms=lambda: NOW)
    assert seats.offered(URL) == ()
    aside = tmp_path / f"seats.damaged-{NOW}.json"
    assert seats.warning == f"The saved seats could not be read; the file is kept as {aside}."
    assert aside.read_text() == text
    seats.keep(URL, CODE, TOKEN)
    assert CODE in (tmp_path / "seats.json").read_text()


def test_a_token_is_never_shown() -> None:
    """A seat in a log or a traceback does not give its right away."""
    seat = SavedSeat(URL, CODE, TOKEN, NOW)
    assert KEY not in repr(seat)
    assert (seat.mark, seat.key) == ("x", KEY)


def test_seats_in_memory() -> None:
    """The computer's seats never reach the disk."""
    seats = Seats(None)
    seat = seats.keep(URL, CODE, TOKEN)
    assert seats.offered(URL) == (seat,)
    seats.forget(seat)
    assert seats.offered(URL) == ()


@pytest.mark.parametrize("place", ["state", "state/held", "state/seats.lock/x"])
def test_a_folder_that_cannot_be_used(tmp_path: Path, place: str) -> None:
    """Where nothing can be saved the game goes on, and the player is told what he cannot do."""
    obstacle = tmp_path / place
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.touch()
    seats = Seats(tmp_path / "state")
    assert seats.offered(URL) == ()
    seat = seats.keep(URL, CODE, TOKEN)
    assert seats.warning is not None
    assert seats.warning.startswith("Games left here cannot be resumed by another terminal: ")
    assert seats.offered(URL) == ()
    seats.release(seat)
    assert seats.offered(URL) == (seat,)
    assert seats.hold(seat)
    seats.forget(seat)
    assert seats.offered(URL) == ()


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was saved before the disk was full stays, and what comes then is kept in memory."""
    seats = Seats(tmp_path)
    old = seats.keep(URL, CODE, TOKEN)
    seats.release(old)

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("os.fsync", fail)
        new = seats.keep(URL, NEXT, TOKEN)
        assert seats.warning == (
            "Games left here cannot be resumed by another terminal:"
            f" {tmp_path}: No space left on device."
        )
        seats.release(new)
        assert seats.offered(URL) == (new, old)
        assert Seats(tmp_path).offered(URL) == (old,)
    seats.keep("ws://other", NEXT, TOKEN)
    assert seats.warning is None
    assert Seats(tmp_path).offered(URL) == (new, old)
    assert len(json.loads((tmp_path / "seats.json").read_text())["seats"]) == 3
    assert not list(tmp_path.glob(".seats-*"))
