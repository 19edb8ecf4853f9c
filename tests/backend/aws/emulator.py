"""An AWS that runs on this machine: ministack, which knows nothing of this project.

It is started once for all tests that need it, as a process of its own on a free loopback port, and
ends with them.
"""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError

from botocore.config import Config
from botocore.session import Session

from backend.aws.dynamodb import DynamoDBStore
from backend.aws.items import BY_PLAYER, LOBBY_INDEX, LOBBY_LINE
from backend.core.ports import Store

REGION: Final = "eu-west-1"
ACCOUNT: Final = "000000000000"
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
_PATIENCE_SECONDS: Final = 60


class Emulator:
    """A running ministack."""

    def __init__(self, home: Path) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "ministack.log"
        self._tables = count()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack.app"],
                env=self._environment(home),
                cwd=home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        atexit.register(self.stop)
        self._wait()

    def client(self, service: str, **options: Any) -> Any:
        """A client of one of its services, with options as `botocore` takes them."""
        options.setdefault("config", Config(retries={"total_max_attempts": 1}))
        options.setdefault("endpoint_url", self.url)
        return session().create_client(service, region_name=REGION, **options)

    def new_table(self) -> str:
        """The name of a new, empty table like the stack's."""
        name = f"games-{next(self._tables)}"
        self.client("dynamodb").create_table(TableName=name, **TABLE)
        return name

    def store(self) -> Store:
        """A store on a new, empty table."""
        return self.store_on(self.new_table())

    def store_on(self, table: str) -> Store:
        """A store on a table that is there."""
        return DynamoDBStore(self.client("dynamodb"), table)

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _environment(self, home: Path) -> dict[str, str]:
        return CREDENTIALS | {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "GATEWAY_PORT": str(self.port),
            "AWS_ENDPOINT_URL": self.url,
            "LAMBDA_STATE_TRANSITION_SECONDS": "0",
            # Nothing but HTTP is wanted of it, and nothing that listens elsewhere.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5):  # noqa: S310 (loopback)
                    return
            except (URLError, OSError):
                # A process cannot be waited for to listen but by asking.
                time.sleep(0.05)
        raise RuntimeError(f"ministack did not start:\n{self.log.read_text()}")


BOUND: Final = {key: f"Bound{mark.upper()}" for mark, key in BY_PLAYER.items()}
"""The keys of the indexes of seats, each with what it is sorted by."""
TABLE: Final[dict[str, Any]] = {
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "GameId", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "N" if name in BOUND.values() else "S"}
        for name in ("GameId", *chain(*BOUND.items()), "Lobby", "Since")
    ],
    "GlobalSecondaryIndexes": [
        *(
            {
                "IndexName": key,
                "KeySchema": [
                    {"AttributeName": key, "KeyType": "HASH"},
                    {"AttributeName": bound, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for key, bound in BOUND.items()
        ),
        {
            "IndexName": LOBBY_INDEX,
            "KeySchema": [
                {"AttributeName": "Lobby", "KeyType": "HASH"},
                {"AttributeName": "Since", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LOBBY_LINE)},
        },
    ],
}
"""The table of the stack; a test of the stack compares them."""


@cache
def session() -> Session:
    """A session with made-up credentials, whatever this machine has."""
    made_up = Session(session_vars={"config_file": (None, None, os.devnull, None)})
    made_up.set_credentials("test", "test")
    return made_up


@cache
def emulator() -> Emulator:
    """The emulator, started by whoever asks first."""
    home = tempfile.TemporaryDirectory(prefix="ministack-")
    atexit.register(home.cleanup)
    return Emulator(Path(home.name))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
