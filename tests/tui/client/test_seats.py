"""Seats on disk: nobody else reads them, nothing is lost, and a living process keeps its own."""

import errno
import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.snapshots import CODE, KEY, NEXT, NOW
from tui.client.seats import SavedSeat, Seats

URL = "wss://example.org/game"
TOKEN = f"x.{KEY}"
WEEK = 7 * 24 * 3600 * 1000


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


def test_seats_of_last_week(tmp_path: Path) -> None:
    """A seat that nobody came back to is dropped after a week."""
    clock = Clock()
    seats = Seats(tmp_path, now_ms=clock)
    seats.release(seats.keep(URL, CODE, TOKEN))
    clock.now += WEEK
    assert seats.offered(URL) == ()
    seats.keep(URL, NEXT, TOKEN)
    assert CODE not in (tmp_path / "seats.json").read_text()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"seats": 1}',
        '{"seats": [{}]}',
        f'{{"seats": [{{"url": 1, "id": "K7QF2M", "token": "x.{KEY}", "saved_at": 1}}]}}',
        '{"seats": [{"url": "ws://a", "id": "K7QF2M", "token": "z", "saved_at": 1}]}',
        *(
            f'{{"seats": [{{"url": "ws://a", "id": {bad}, "token": "x.{KEY}", "saved_at": 1}}]}}'
            for bad in ("7", "[]", '"../../x"')
        ),
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
        f"Games left here cannot be resumed by another terminal: {tmp_path}: No space left on"
        " device."
    )
    seats.release(new)
    assert seats.offered(URL) == (new, old)
    assert Seats(tmp_path).offered(URL) == (old,)
    seats.keep(URL, NEXT, TOKEN)
    assert len(json.loads((tmp_path / "seats.json").read_text())["seats"]) == 2
    assert not list(tmp_path.glob(".seats-*"))
