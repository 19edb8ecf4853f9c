"""The right to a seat is known to its owner and to nobody else: not to disks, logs or reports."""

import io
import json
import secrets
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console
from rich.traceback import Traceback

from backend.local.gateway import serve
from backend.local.sqlite import SqliteStore
from tests.backend.local.peer import Peer, peer
from tests.backend.local.program import running
from tests.proofs.test_apps_in_chaos import at_the_app, until
from tui.options import StartGame
from tui.screens.waiting import WaitingScreen


def files(folder: Path) -> dict[Path, bytes]:
    """All that is on the disk there."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


async def say_it_everywhere(client: Peer, code: str, key: str) -> None:
    """Right and wrong requests with a key wherever a client could put one."""
    for fields in (
        {"type": "join", "id": code, "key": key},
        {"type": "resume", "id": code, "token": f"o.{key}"},
        {"type": "resume", "id": code, "token": f"x.{key}"},
        {"type": "resume", "id": code, "token": key},
        {"type": "resume", "id": key, "token": f"o.{key}"},
        {"type": key, "token": key},
        {"type": "start", "key": f"{key}{key}"},
        {"type": "start", "v": 2, "key": key},
        {"type": "play", "id": code, "tile": key, "after": key},
    ):
        await client.ask(**fields)
    await client.send(type="ping", token=key, ref=key)
    await client.socket.send(f'{{"type": "resume", "token": "{key}"')
    assert (await client.next())["type"] == "pong"
    assert (await client.next())["code"] == "bad_json"


async def test_the_server_keeps_no_key(tmp_path: Path) -> None:
    """Neither the file of games nor anything the gateway prints holds a key, however it came."""
    keys = [secrets.token_urlsafe(16) for _ in range(2)]
    async with running(tmp_path) as gateway, peer(gateway.url) as ada, peer(gateway.url) as bob:
        code = (await ada.ask(type="start", key=keys[0]))["id"]
        await say_it_everywhere(bob, code, keys[1])
        gateway.process.terminate()
        printed = await gateway.ended()
    kept = b"".join(files(tmp_path).values())
    assert code.encode() in kept
    for key in keys:
        assert key.encode() not in kept
        assert key not in repr(printed)


async def test_the_client_keeps_it_for_its_owner(tmp_path: Path) -> None:
    """A client's seat is in one file that nobody else can read, and in no other."""
    home = tmp_path / "home"
    with closing(SqliteStore(":memory:")) as store:
        async with serve(store) as gateway, at_the_app(gateway.url, home, StartGame()) as ada:
            await until(ada, lambda: isinstance(ada.app.screen, WaitingScreen))
            [seat] = json.loads((home / "seats.json").read_text(encoding="utf-8"))["seats"]
            token = seat["token"].encode()
            holding = [path for path, content in files(home).items() if token in content]
            assert holding == [home / "seats.json"]
            assert sys.platform == "win32" or stat.S_IMODE(holding[0].stat().st_mode) == 0o600


async def test_a_crash_report_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the app prints when it breaks, with the values of all variables, holds no token."""
    broke: list[WaitingScreen] = []

    def broken(screen: WaitingScreen) -> None:
        table, client, seats = (
            screen.table,
            screen.client,
            list(screen.client._tables.left_behind()),
        )
        if table is not None:
            broke.append(screen)
            raise RuntimeError(f"{table} {client} {seats}")

    monkeypatch.setattr(WaitingScreen, "show_state", broken)
    with closing(SqliteStore(":memory:")) as store:
        async with serve(store) as gateway:
            with pytest.raises(RuntimeError) as crash:
                async with at_the_app(gateway.url, tmp_path, StartGame()) as ada:
                    await until(ada, lambda: bool(broke))
    [seat] = json.loads((tmp_path / "seats.json").read_text(encoding="utf-8"))["seats"]
    report = io.StringIO()
    shown = Traceback.from_exception(
        RuntimeError, crash.value, crash.tb, show_locals=True, locals_max_string=10_000
    )
    Console(file=report, width=400).print(shown)
    assert seat["id"] in report.getvalue()
    assert seat["token"] not in report.getvalue()
