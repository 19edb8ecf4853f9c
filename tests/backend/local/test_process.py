"""The embedded gateway as a program: how it starts, how it ends, what it says."""

import asyncio
import gc
import json
import os
import re
import resource
import signal
import socket
import ssl
import sys
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_state_path

from backend.local import folder, process
from backend.local.folder import InUse, state_folder
from backend.local.gateway import serve
from backend.local.http import version
from backend.local.process import _until as until_deserted
from backend.local.process import limits, parse
from shared.serve_options import ServeOptions
from tests.backend.local.peer import peer, seated
from tests.backend.local.program import PATIENCE_SECONDS, Program, running, start
from tests.backend.memory import ManualClock, MemoryStore


def health(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status
    finally:
        connection.close()


async def test_it_says_where_it_listens(tmp_path: Path) -> None:
    """One line says where the gateway is, and there it is."""
    async with running(tmp_path / "games") as program:
        assert re.fullmatch(r"listening on ws://127\.0\.0\.1:\d+", program.line)
        assert await asyncio.to_thread(health, program.port) == 200
        async with peer(program.url) as client:
            assert (await client.ask(type="ping"))["type"] == "pong"
        program.process.terminate()
        assert await program.ended() == (0, "", "")
    assert program.life == [
        f"started: noughts-tui {version()} at {program.url}, games in {tmp_path / 'games'}",
        "only this machine can connect; --host 0.0.0.0 lets others in",
        "stopping: told by SIGTERM",
        "stopped",
    ]


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, 129)]
)
async def test_a_signal_ends_it_in_peace(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """Clients are told that the gateway goes away, and what was played is kept."""
    async with running(tmp_path) as program, peer(program.url) as ada, peer(program.url) as bob:
        code = await seated(ada, bob)
        played = await ada.ask(type="play", id=code, tile="1,1")
        program.process.send_signal(number)
        assert await ada.closed() == await bob.closed() == (1001, "Going away")
        assert await program.ended() == (status, "", "")
    async with running(tmp_path) as program, peer(program.url) as ada:
        seen = await ada.ask(type="watch", id=code)
    assert seen["game"]["moves"] == played["game"]["moves"]
    assert {seat["away"] for seat in seen["game"]["players"].values()} == {"lost"}


async def test_signals_that_are_ignored_on_purpose_stay_so(tmp_path: Path) -> None:
    """Started by ``nohup``, or in the background of a script, it outlives the terminal."""
    ignore = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN);"
        " signal.signal(signal.SIGINT, signal.SIG_IGN)"
    )
    async with running(tmp_path, before=ignore) as program, peer(program.url) as ada:
        for number in (signal.SIGHUP, signal.SIGINT):
            program.process.send_signal(number)
            assert (await ada.ask(type="ping"))["type"] == "pong"
        program.process.terminate()
        assert await program.ended() == (0, "", "")
    assert "stopping: told by SIGTERM" in program.life


async def test_it_can_be_asked_how_it_is(tmp_path: Path) -> None:
    """The signals that are free for a program's own use end nothing and are answered in the log."""
    async with running(tmp_path) as program, peer(program.url) as ada:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            program.process.send_signal(number)
            assert (await ada.ask(type="ping"))["type"] == "pong"
        program.process.terminate()
        assert await program.ended() == (0, "", "")
    assert program.life.count("running: connections: 1") == 2


async def test_its_life_can_be_read_by_machines(tmp_path: Path) -> None:
    """On request each line of the log is an object, and so is the reason of a failure."""
    async with running(tmp_path, "--log-format", "json") as program:
        program.process.terminate()
        _, _, log = await program.ended()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["level"] for line in lines] == ["INFO"] * 4
    assert [line["message"].split(":")[0] for line in lines][-2:] == ["stopping", "stopped"]
    (tmp_path / "file").touch()
    failed = await start("--data", tmp_path / "file", "--log-format", "json")
    status, _, said = await failed.ended()
    assert (status, json.loads(said)["message"].endswith("cannot be used: File exists.")) == (
        1,
        True,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
async def test_systemd_is_told_when_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start has succeeded once players can connect, and the end is announced."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        async with running(tmp_path / "games") as program:
            loop = asyncio.get_running_loop()
            assert await loop.sock_recv(manager, 100) == b"READY=1"
            assert await asyncio.to_thread(health, program.port) == 200
            program.process.terminate()
            assert await loop.sock_recv(manager, 100) == b"STOPPING=1"
            assert await program.ended() == (0, "", "")


async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    """Killed without a warning, the gateway has stored every move that it had answered."""
    async with running(tmp_path) as program, peer(program.url) as ada, peer(program.url) as bob:
        started = await ada.ask(type="start")
        joined = await bob.ask(type="join", id=started["id"])
        await ada.ask(type="play", id=started["id"], tile="1,1")
        await bob.ask(type="play", id=started["id"], tile="0,0")
        program.process.kill()
        await program.process.wait()
    async with running(tmp_path) as program, peer(program.url) as ada, peer(program.url) as bob:
        for client, seat in ((ada, started), (bob, joined)):
            back = await client.ask(type="resume", id=seat["id"], token=seat["token"])
            assert (back["type"], back["game"]["moves"]) == ("resume", "40")
        assert (await ada.ask(type="play", id=started["id"], tile="2,2"))["type"] == "play"


async def test_it_ends_when_nobody_comes(tmp_path: Path) -> None:
    """Started for nobody, the gateway ends by itself."""
    async with running(tmp_path, "--idle-exit", "0.2") as program:
        assert await program.ended() == (0, "", "")


async def test_it_stays_while_somebody_is_there() -> None:
    """As long as somebody is connected it runs, and afterwards for as long as it was told."""
    clock, gone, loop = ManualClock(), asyncio.Event(), asyncio.get_running_loop()

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        if event["requestContext"]["eventType"] == "DISCONNECT":
            loop.call_soon_threadsafe(gone.set)
        return {"body": event.get("body")}

    async with serve(MemoryStore(), clock=clock, invoke=invoke) as gateway:
        ending = asyncio.create_task(until_deserted(asyncio.Event(), gateway, 120))
        clock.advance(seconds=119)
        async with peer(gateway.url) as client:
            await client.ask(type="ping")
            clock.advance(seconds=3600)
            assert gateway.deserted_seconds == 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            await gone.wait()
            clock.advance(seconds=119)
            assert gateway.deserted_seconds == 119
            assert not ending.done()
            clock.advance(seconds=1)
            await ending


async def test_it_says_when_it_fails_on_purpose(tmp_path: Path) -> None:
    """An operator who asked for failures is reminded of it."""
    async with running(tmp_path, "--chaos", "7") as program:
        program.process.terminate()
        status, _, said = await program.ended()
    assert status == 0
    assert said.endswith("failing on purpose, by seed 7\n")


async def test_others_are_told_what_to_type(tmp_path: Path) -> None:
    """A server for others prints addresses that can be typed, and never that of all of them."""
    async with running(tmp_path, "--host", "0.0.0.0") as program:  # noqa: S104 (as an operator does)
        program.process.terminate()
        status, out, _ = await program.ended()
    lines = [program.line, *out.splitlines()]
    port = program.line.rpartition(":")[2]
    listening = [line for line in lines if line.startswith("listening on ws://")]
    assert status == 0
    assert f"listening on ws://127.0.0.1:{port}" in listening
    assert "0.0.0.0" not in " ".join(lines)  # noqa: S104 (as above)
    reachable = [line for line in listening if "127.0.0.1" not in line]
    told = [line for line in lines if line.startswith("others type: ")]
    assert len(told) == min(1, len(reachable))


async def test_a_unix_socket_goes_with_its_server(tmp_path: Path) -> None:
    """A proxy on this machine comes by a file, which the server makes and removes."""
    path = tmp_path / "socket"
    async with running(tmp_path / "games", "--unix", str(path)) as program:
        assert program.line == f"listening on unix:{path}"
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(str(path))
            async with peer("ws://a/", sock=door) as ada:
                assert (await ada.ask(type="ping"))["type"] == "pong"
        program.process.terminate()
        assert await program.ended() == (0, "", "")
    assert set(_modes(tmp_path)) == {tmp_path.name, "games"}


async def test_a_public_address_is_told_in_place_of_its_own(tmp_path: Path) -> None:
    """Behind a proxy others type the proxy's address; one that leads nowhere is warned of."""
    for url, warned in (("wss://example.org/noughts", False), ("ws://localhost:8002", True)):
        async with running(tmp_path, "--public-url", url) as program:
            program.process.terminate()
            status, out, said = await program.ended()
        assert (status, out) == (0, f"others type: noughts-tui --url {url}\n")
        assert ("leads every machine to itself" in said) is warned


async def test_it_speaks_tls_and_has_its_metrics_apart(tmp_path: Path) -> None:
    """With a certificate players come by wss, and the operator's port is another."""
    trustme: Any = pytest.importorskip("trustme")
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("localhost", key_type=trustme.KeyType.ECDSA)
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        own = probe.getsockname()[1]
    options = ("--certificate", str(tmp_path / "both.pem"), "--metrics-port", str(own))
    async with running(tmp_path / "games", *options) as program:
        assert program.url.startswith("wss://127.0.0.1:")
        async with peer(f"wss://localhost:{program.port}", ssl=context) as ada:
            await ada.ask(type="start")
            text = await asyncio.to_thread(_page, own, "/metrics")
        program.process.terminate()
        assert await program.ended() == (0, f"metrics at 127.0.0.1, port {own}\n", "")
    assert 'noughts_tui_games{status="waiting"} 1\n' in text
    assert "noughts_tui_commit_seconds_count 0\n" not in text


def _page(port: int, path: str) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


async def test_a_certificate_that_cannot_be_used_is_said_so(tmp_path: Path) -> None:
    """A server without its certificate does not start, and says which file is missing."""
    missing = tmp_path / "chain.pem"
    program = await start("--data", tmp_path, "--port", "0", "--certificate", missing)
    said = await _complaint(program)
    assert said.startswith(f"noughts-tui: {missing} cannot be read: No such file")


async def test_a_taken_port_is_said_to_be(tmp_path: Path) -> None:
    """Another program on the port is one line of explanation and status 1."""
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        program = await start("--data", tmp_path, "--port", str(port))
        assert await program.ended() == (
            1,
            "",
            f"noughts-tui: cannot listen on 127.0.0.1:{port}: another program listens there.\n",
        )


async def test_two_started_at_once_are_one(tmp_path: Path) -> None:
    """Of two that start at the same moment one serves, and the other says who does."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    both = [await start("--data", tmp_path, "--port", str(port)) for _ in range(2)]
    ends = {asyncio.create_task(program.ended()): program for program in both}
    done, _ = await asyncio.wait(
        ends, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    (loser,) = done
    assert loser.result() == (
        1,
        "",
        (
            f"noughts-tui: {tmp_path} is used by the gateway at ws://127.0.0.1:{port}. One that a"
            " game has started ends two minutes after its last player has gone; another --data and"
            " --port start a second one.\n"
        ),
    )
    assert await asyncio.to_thread(health, port) == 200
    (winner,) = (program for task, program in ends.items() if task is not loser)
    winner.process.terminate()
    (left,) = set(ends) - done
    assert await left == (0, f"listening on ws://127.0.0.1:{port}\n", "")


async def test_one_that_ends_makes_room_for_the_next(tmp_path: Path) -> None:
    """A gateway started while the last one is ending waits for its folder."""
    async with running(tmp_path) as old:
        following = asyncio.create_task(_listening(tmp_path))
        old.process.terminate()
        assert (await old.ended())[0] == 0
        assert await following == (0, "", "")


async def _listening(folder: Path) -> tuple[int, str, str]:
    async with running(folder) as program:
        assert program.line.startswith("listening on")
        program.process.terminate()
        return await program.ended()


async def _complaint(program: Program) -> str:
    status, out, err = await program.ended()
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    return err


async def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    """A file that cannot be used is one line of explanation and status 1."""
    (tmp_path / "games.sqlite3").write_bytes(b"no database at all" * 1000)
    said = await _complaint(await start("--data", tmp_path, "--port", "0"))
    assert "is damaged" in said
    assert (tmp_path / "games.sqlite3").read_bytes() == b"no database at all" * 1000


# With such a limit the system refuses to make any file longer, as a full disk does.
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes another's limits")
async def test_a_full_disk_at_the_start_is_said_to_be(tmp_path: Path) -> None:
    """What cannot be written is one line of explanation and status 1."""
    said = await _complaint(await start("--data", tmp_path, "--port", "0", before=FULL))
    assert said.startswith(f"noughts-tui: {tmp_path}")


def _limit_files(program: Program, size: int) -> None:
    resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux changes another's limits")
async def test_a_full_disk_is_survived(tmp_path: Path) -> None:
    """While the disk is full players are told so, the log is short, and then all goes on."""
    async with running(tmp_path) as program, peer(program.url) as ada, peer(program.url) as bob:
        code = await seated(ada, bob)
        _limit_files(program, 1)
        replies = [await ada.ask(type="start") for _ in range(20)]
        replies.append(await ada.ask(type="play", id=code, tile="1,1", after=""))
        assert {(reply["code"], reply["message"]) for reply in replies} == {
            ("busy", "The server cannot store anything at the moment; try again in a while.")
        }
        assert (await bob.ask(type="ping", id=code))["game"]["moves"] == ""
        assert await asyncio.to_thread(health, program.port) == 503
        _limit_files(program, resource.RLIM_INFINITY)
        assert (await ada.ask(type="play", id=code, tile="1,1", after=""))["type"] == "play"
        assert await asyncio.to_thread(health, program.port) == 200
        program.process.terminate()
        status, _, complaints = await program.ended()
    assert status == 0
    assert complaints.count("the games cannot be stored: ") == 1
    assert complaints.count("\n") <= 3
    assert "the games are stored again" in program.life


async def test_a_folder_that_cannot_be_is_said_so(tmp_path: Path) -> None:
    """A data folder that is a file is one line of explanation and status 1."""
    (tmp_path / "file").touch()
    said = await _complaint(await start("--data", tmp_path / "file", "--port", "0"))
    assert said == f"noughts-tui: {tmp_path / 'file'} cannot be used: File exists.\n"


async def test_a_host_that_is_not_here_is_said_so(tmp_path: Path) -> None:
    """An address of another machine is one line of explanation and status 1."""
    program = await start("--data", tmp_path, "--host", "192.0.2.1", "--port", "0")
    said = await _complaint(program)
    assert said.startswith("noughts-tui: cannot listen on 192.0.2.1:0: ")
    assert "Errno" not in said


def test_what_the_command_line_says() -> None:
    """The gateway reads the options as the app passes them on."""
    said = "--host 0.0.0.0 --port 1 --data d --idle-exit 120 --rate 0 --chaos 7"
    assert parse(said.split()) == ServeOptions(
        host=("0.0.0.0",),  # noqa: S104 (what an operator may say)
        port=1,
        data=Path("d"),
        idle_exit=120,
        rate=0,
        chaos=7,
    )


def test_a_wrong_command_line_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong argument is explained, with the status that says so."""
    with pytest.raises(SystemExit) as ended:
        parse(["--nonsense"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "descriptors", "expected"),
    [
        (ServeOptions(), 8192, (50, True, 4000, 512)),
        (ServeOptions(connections=0), 8192, (0, False, 4000, 512)),
        (ServeOptions(connections=7), 8192, (7, False, 4000, 512)),
        (ServeOptions(total_connections=100), 8192, (50, True, 100, 512)),
        # The system's own limit is never reached: what is left over is for those who only ask.
        (ServeOptions(total_connections=0), 8192, (50, True, 7616, 512)),
        (ServeOptions(), 1024, (50, True, 720, 240)),
        (ServeOptions(), 256, (50, True, 144, 48)),
    ],
)
def test_how_many_connections_there_can_be(
    options: ServeOptions, descriptors: int, expected: tuple[int, bool, int, int]
) -> None:
    """Strangers are counted by address, all together fit into what the system allows."""
    found = limits(options, descriptors)
    assert (
        found.connections_per_address,
        found.spares_own,
        found.connections,
        found.arrivals,
    ) == expected


def test_games_are_kept_where_state_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder of its own the program uses the system's place for state."""
    monkeypatch.delenv("NOUGHTS_TUI_HOME", raising=False)
    assert state_folder() == user_state_path("noughts-tui", appauthor=False)


async def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine can look into the games."""
    async with running(tmp_path / "new" / "games"):
        assert (tmp_path / "new" / "games").stat().st_mode & 0o777 == 0o700


def _open_up(folder: Path, mode: int) -> None:
    """Makes a folder, and what is in it, as open to others as that."""
    folder.chmod(mode)
    for path in folder.iterdir():
        path.chmod(mode & 0o666)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}


async def test_in_an_open_folder_the_files_are_their_owners_alone(tmp_path: Path) -> None:
    """A folder that was there before, as a service's, gives away neither new files nor old ones."""
    async with running(tmp_path) as program:
        program.process.kill()
        await program.process.wait()
    (tmp_path / "gateway.log").touch()
    _open_up(tmp_path, 0o755)
    async with running(tmp_path):
        modes = _modes(tmp_path)
    assert modes.pop(tmp_path.name) == 0o755
    assert set(modes.values()) == {0o600}
    assert {"games.sqlite3", "games.sqlite3-wal", "games.sqlite3-shm", "gateway.log"} <= set(modes)


async def test_a_folder_that_all_can_change_is_warned_of(tmp_path: Path) -> None:
    """Where everybody can put another file in the place of the games, the operator is told."""
    _open_up(tmp_path, 0o777)
    async with running(tmp_path) as program:
        program.process.terminate()
        status, _, said = await program.ended()
    assert (status, "every account of this machine can change" in said) == (0, True)


async def test_an_account_without_a_home_is_told_what_to_do() -> None:
    """A container's account has no home: one sentence names the option that helps."""
    homeless = (
        "import os, pwd; os.environ.pop('HOME', 0); os.environ.pop('NOUGHTS_TUI_HOME', 0);"
        " pwd.getpwuid = lambda _: {}[0]"
    )
    said = await _complaint(await start("--port", "0", before=homeless))
    assert said == (
        "noughts-tui: This account has no home: name a folder for the games with --data.\n"
    )


@pytest.mark.parametrize(
    ("note", "waited"), [("ws://127.0.0.1:8002", 1), (None, 8)], ids=["serving", "ending"]
)
def test_a_second_server_says_at_once_who_has_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str | None, waited: float
) -> None:
    """An owner that serves is not waited for; one that begins or ends is."""
    now = [0.0]
    monkeypatch.setattr("backend.local.folder.time.monotonic", lambda: now[0])
    monkeypatch.setattr("backend.local.folder.time.sleep", lambda _: now.append(now.pop() + 0.25))
    with folder.owned(tmp_path, 8) as owner:
        if note is not None:
            owner.write(note)
        with pytest.raises(InUse, match=note or "of another process"), folder.owned(tmp_path, 8):
            pass
    assert now == [waited]


def test_the_collector_comes_rarely(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A gateway does not look at all of its connections every few hundred objects."""
    before, seen = gc.get_threshold(), list[int]()

    def serve_nobody(*_: object) -> int:
        seen.append(gc.get_threshold()[0])
        return 0

    monkeypatch.setattr(process, "_serve", serve_nobody)
    monkeypatch.setattr("backend.local.journal.begin", lambda _: None)
    mask = os.umask(0o022)
    try:
        assert process.main(["--data", str(tmp_path)]) == 0
    finally:
        gc.set_threshold(*before)
        os.umask(mask)
    assert seen == [process.COLLECTED_AFTER]
