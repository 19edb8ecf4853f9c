"""The gateway of this machine: found, started once, or reported in one clear sentence."""

import asyncio
import contextlib
import errno
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from shared.board import Mark
from tui import embedded
from tui.client.client import Client, Unreachable
from tui.client.failures import Way, describe
from tui.client.seats import Seats
from tui.own_command import python_command


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A port where nothing listens, named to the product as its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    monkeypatch.setenv("NOUGHTS_TUI_PORT", str(free))
    return free


@pytest.fixture
def ended() -> Iterator[None]:
    """Ends the gateways that the test has started."""
    yield
    for process in embedded._started:
        process.terminate()
        process.wait()
    embedded._started.clear()


@contextlib.asynccontextmanager
async def program(port: int, answer: bytes | None) -> AsyncIterator[None]:
    """A program on a port, which answers everything with the same bytes, or never."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if answer is None:
                await reader.read()
            else:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
                await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        done.set()

    done = asyncio.Event()
    async with await asyncio.start_server(talk, "127.0.0.1", port):
        yield
        await done.wait()


def http(body: str, status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n{body}".encode()


async def test_two_who_start_at_the_same_moment(port: int, ended: None, tmp_path: Path) -> None:
    """Two terminals that start at once play at one gateway, and a third finds it."""
    first, second = await asyncio.gather(
        embedded.ensure(data=tmp_path), embedded.ensure(data=tmp_path)
    )
    assert first == second
    assert first.url == f"ws://127.0.0.1:{port}"
    started = len(embedded._started)
    assert await embedded.ensure(data=tmp_path) == first
    assert len(embedded._started) == started
    async with (
        Client(embedded.ensure, Seats(None), name="Ada") as ada,
        Client(first.url, Seats(None), name="Bob") as bob,
    ):
        table = await ada.start()
        joined = await bob.join(table.id)
        assert joined.seat is Mark.O
        await ada.play(table.id, 4)
        assert ada.state.tables[table.id].game.moves == "4"


async def test_a_gateway_is_named_after_its_games(port: int, ended: None, tmp_path: Path) -> None:
    """Who has the port tells whose games it has, so that no seat is looked for among others'."""
    names = [(await embedded.ensure(data=tmp_path / home)).server for home in ("a", "b")]
    for process in embedded._started:
        process.terminate()
        process.wait()
    names += [(await embedded.ensure(data=tmp_path / home)).server for home in ("b", "a")]
    assert names[0] == names[1] != names[2] == names[3]


async def test_a_gateway_started_in_vain(port: int, ended: None, tmp_path: Path) -> None:
    """Who needs another's games leaves the port to him, for whom his own would be in the way."""
    found = await embedded.ensure("embedded:another", data=tmp_path)
    assert found.server != "embedded:another"
    assert await embedded.games_at(port) is None
    assert await embedded.ensure(found.server, data=tmp_path) == found
    assert await embedded.games_at(port) is not None


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example.org ESMTP\r\n",
        http("<html>"),
        http("[]"),
        http('{"service": "another"}'),
        http('{"service": "noughts-tui", "protocol": 1}', "500 Internal Server Error"),
    ],
)
async def test_a_foreign_program(port: int, tmp_path: Path, answer: bytes) -> None:
    """Another program on the port is named with what to do."""
    async with program(port, answer):
        with pytest.raises(Unreachable) as caught:
            await embedded.ensure(data=tmp_path)
    assert caught.value.sentence == (
        f"Another program uses port {port} of this machine: end it, or set NOUGHTS_TUI_PORT to a"
        " free port."
    )


@pytest.mark.parametrize("answer", [None, b""])
async def test_somebody_who_does_not_answer(
    port: int, tmp_path: Path, answer: bytes | None
) -> None:
    """Who says nothing may be a gateway that hangs: the link tries again, and nothing hangs."""
    async with program(port, answer):
        with pytest.raises(OSError, match=f"who has port {port} of this machine") as caught:
            await embedded.ensure(data=tmp_path, answer_within=0.05)
    assert describe(caught.value, Way()) == (
        f"The server cannot be reached: who has port {port} of this machine does not answer."
    )


async def test_a_gateway_that_is_just_ending(port: int, ended: None, tmp_path: Path) -> None:
    """A gateway that ends while it is asked is nobody's: another is started in its place."""
    asked = asyncio.Event()

    async def end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        listening.close()
        asked.set()

    listening = await asyncio.start_server(end, "127.0.0.1", port)
    assert (await embedded.ensure(data=tmp_path)).url == f"ws://127.0.0.1:{port}"
    assert asked.is_set()


async def test_another_version(port: int, tmp_path: Path) -> None:
    """A gateway that speaks another protocol is not used."""
    health = '{"service": "noughts-tui", "protocol": 2, "version": "9.0"}'
    async with program(port, http(health)):
        with pytest.raises(Unreachable) as caught:
            await embedded.ensure(data=tmp_path)
    assert caught.value.sentence.startswith("Another version of noughts-tui (9.0) runs on port")


async def test_a_gateway_that_does_not_start(port: int, ended: None, tmp_path: Path) -> None:
    """What the gateway said last is what the player reads."""
    gateway = [sys.executable, "-c", "raise SystemExit('noughts-tui: the disk is full.')"]
    with pytest.raises(Unreachable) as caught:
        await embedded.ensure(data=tmp_path, patience=0.4, gateway=gateway)
    assert caught.value.sentence == "The game's gateway did not start: the disk is full."


async def test_a_gateway_that_cannot_be_run(port: int, tmp_path: Path) -> None:
    """A folder that cannot be made is said to be the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable) as caught:
        await embedded.ensure(data=tmp_path / "file" / "folder")
    assert caught.value.sentence == (
        f"The game's gateway cannot be started: {tmp_path / 'file' / 'folder'}: Not a directory."
        " Set NOUGHTS_TUI_HOME to a folder that can be written."
    )


@pytest.mark.parametrize("text", ["", "0", "80000", "x"])
def test_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A port that cannot be one is named with its variable."""
    monkeypatch.setenv("NOUGHTS_TUI_PORT", text)
    with pytest.raises(Unreachable) as caught:
        embedded.port()
    assert caught.value.sentence == f"NOUGHTS_TUI_PORT is {text!r}, which is no port."


def test_a_folder_named_backend(tmp_path: Path) -> None:
    """Where the player stands does not decide which gateway is run."""
    assert embedded.command("--port", "0") == python_command("-m", "backend.local", "--port", "0")


async def test_a_private_gateway_outlives_nobody(tmp_path: Path) -> None:
    """A gateway whose player was killed ends by itself, and takes its folder with it."""
    folder = tmp_path / "noughts-tui-private"
    folder.mkdir()
    command = [
        word if word != str(embedded._PRIVATE_IDLE_EXIT) else "0.1"
        for word in embedded.private_command(folder)
    ]
    gateway = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert gateway.stdout is not None
    assert (await gateway.stdout.readline()).startswith(b"listening on ")
    await gateway.wait()
    assert os.listdir(tmp_path) == []  # noqa: PTH208 (pathlib's blocks no less)


@pytest.mark.parametrize(
    ("age", "held", "left"), [(3600, False, False), (3600, True, True), (0, False, True)]
)
def test_a_folder_that_was_left_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, age: float, held: bool, left: bool
) -> None:
    """The folder of a player and a gateway that were killed together goes at the next practice."""
    monkeypatch.setattr(embedded, "gettempdir", lambda: str(tmp_path))
    folder, other = tmp_path / "noughts-tui-abc", tmp_path / "another"
    for each in (folder, other):
        each.mkdir()
        (each / "games.sqlite3").touch()
    lock = FileLock(folder / "gateway.lock")
    lock.acquire()
    if not held:
        lock.release()
    os.utime(folder / "gateway.lock", (time.time() - age,) * 2)
    embedded._remove_abandoned()
    assert (folder.exists(), other.exists()) == (left, True)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_home_that_cannot_be_written(number: int) -> None:
    """Who cannot write his files is told how two terminals can play all the same."""
    error = OSError(number, "No.", "/home/ada")
    assert embedded._cannot_start(error).sentence == (
        "The game's gateway cannot be started: /home/ada: No.."
        " Set NOUGHTS_TUI_HOME to a folder that can be written."
    )


def test_a_gateway_that_cannot_write(tmp_path: Path) -> None:
    """The same is told when only the gateway itself finds it out."""
    (tmp_path / "gateway.log").write_text("noughts-tui: /home/ada cannot be used: Read-only.\n")
    assert embedded._did_not_start(tmp_path).sentence == (
        "The game's gateway did not start: /home/ada cannot be used: Read-only."
        " Set NOUGHTS_TUI_HOME to a folder that can be written."
    )
