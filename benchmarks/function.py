"""What a move costs the function: the packaged handler beside two bare calls of botocore.

The bare side makes the very same calls, with the same parameters, by clients as botocore makes
them: an update of the table and a post. Both sides talk TLS to `benchmarks/aws_stub.py`, which is
another process, so that processor time is that of the caller alone. Each process measures its first
reply (import included), warm ones, and those after a pause, when connections are made anew.
"""

import base64
import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import trustme

from backend.aws import items
from backend.aws.connections import ApiConnections
from backend.aws.dynamodb import DynamoDBStore
from backend.core.game import Game, Moment, Move, Seat
from backend.infra import asset, roots
from benchmarks.cold_start import ENVIRONMENT, own_settings
from benchmarks.comparison import Row

ROUNDS: Final = 10
WARM: Final = 300
PAUSES: Final = 10
REGION: Final = "eu-west-1"
HOSTS: Final = (f"dynamodb.{REGION}.amazonaws.com", f"abc.execute-api.{REGION}.amazonaws.com")
WHAT: Final = (
    ("the first reply of a cold start, CPU", 0.85),
    ("a warm move, CPU", 0.95),
    ("a move after a pause, CPU", 0.2),
)

_AT: Final = Moment(1_760_000_000_000, 1_760_021_600)
_GAME: Final = Game(
    id="K7QF2M",
    expires=_AT.expires,
    status="playing",
    x=Seat(token="ab" * 32, name="Ada", connection="Fx3kq9dLIAMCJTw=", bound_at=_AT.now),
    o=Seat(token="cd" * 32, name="Bob", connection="Gx3kq9dLIAMCJTw=", bound_at=_AT.now),
    since=_AT.now,
)

# Every name leads to the stub, so that each side finds its endpoints as it would on AWS.
_TIMED: Final = """
import json, socket, sys, time
sys.dont_write_bytecode = True
path, port, warm, pauses = json.loads(sys.argv[1])
sys.path[:0] = path
address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
socket.getaddrinfo = lambda *_, **__: [address]
spent = time.process_time
began = spent()
from botocore.httpsession import URLLib3Session
pools = []
begin = URLLib3Session.__init__
URLLib3Session.__init__ = lambda pool, *args, **options: (
    pools.append(pool), begin(pool, *args, **options)
)[-1]
{work}
move()
first = spent() - began

def pause():
    for pool in pools:
        pool._manager.clear()

for _ in range(50):
    move()
began = spent()
for _ in range(warm):
    move()
took = (spent() - began) / warm
began = spent()
for _ in range(pauses):
    pause()
    move()
paused = (spent() - began) / pauses
print(json.dumps([first, took, paused]), file=sys.stderr)
"""
_OURS: Final = """
from backend.aws.main import handler
frame = '{"type":"play","id":"K7QF2M","tile":"1,1","after":"","ref":"r"}'
context = {"eventType": "MESSAGE", "connectionId": "Fx3kq9dLIAMCJTw=", "routeKey": "play"}
event = {"requestContext": context, "body": frame, "isBase64Encoded": False}

def move():
    answer = handler(event)
    assert '"moves":"4"' in answer["body"], answer
"""
_BARE: Final = """
import boto3
table = boto3.client("dynamodb")
api = boto3.client("apigatewaymanagementapi", endpoint_url={url!r})
update, post = {update!r}, {post!r}

def move():
    table.update_item(**update)
    api.post_to_connection(**post)
"""


def rows() -> list[Row]:
    ours, bare = measured()
    return [
        Row(what=what, unit="ms", ours=mine, beside=other, most=most)
        for (what, most), mine, other in zip(WHAT, ours, bare, strict=True)
    ]


Runs = list[tuple[float, ...]]
"""For each of `WHAT`, the milliseconds of every round."""


def measured(rounds: int = ROUNDS, warm: int = WARM) -> tuple[Runs, Runs]:
    """Rounds of the packaged handler and of two bare calls, in turn."""
    calls = Recorder.of_a_move()
    bare = _BARE.format(url=f"https://{HOSTS[1]}/prod", update=calls[0], post=calls[1])
    with _stub() as (port, authority), asset.built(own_settings()) as package:
        with (package / "backend" / "aws" / "roots.pem").open("ab") as trusted:
            trusted.write(authority)
        bundle = package / "bundle.pem"
        bundle.write_bytes(roots.bundle().read_bytes() + authority)
        pairs = [
            (
                _run(_OURS, port, warm, package),
                _run(bare, port, warm, AWS_CA_BUNDLE=str(bundle)),
            )
            for _ in range(rounds)
        ]
    ours, beside = zip(*pairs, strict=True)
    return list(zip(*ours, strict=True)), list(zip(*beside, strict=True))


class Recorder:
    """A client that notes the parameters of a call and answers it."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}

    def call(self, **request: Any) -> dict[str, Any]:
        self.asked = request
        return {"Attributes": _played()}

    get_item = put_item = update_item = transact_write_items = query = call
    post_to_connection = get_connection = call

    @classmethod
    def of_a_move(cls) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the function asks of the table and of the connections for one move."""
        table, api = cls(), cls()
        DynamoDBStore(table, "games").append_move(_GAME.id, "Fx3kq9dLIAMCJTw=", Move("", 4), _AT)
        ApiConnections(api).post("Gx3kq9dLIAMCJTw=", 700 * "x")
        return table.asked, api.asked


def _played() -> dict[str, Any]:
    item: dict[str, Any] = items.item_of(replace(_GAME, rev=3, moves="4"))
    return item


@contextmanager
def _stub() -> Iterator[tuple[int, bytes]]:
    """The stub's port, and the certificate of who signed for it."""
    authority = trustme.CA()
    issued = authority.issue_cert(*HOSTS)
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        item = json.dumps(_played(), default=lambda value: base64.b64encode(value).decode())
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.aws_stub", str(chain), str(key), item],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            # Leaving closes its input, which ends it.
            port = process.stdout.readline() if process.stdout else ""
            yield int(port), authority.cert_pem.bytes()


def _run(work: str, port: int, warm: int, *folders: Path, **environment: str) -> list[float]:
    path = [*map(str, folders), sysconfig.get_path("purelib")]
    told = json.dumps([path, port, warm, PAUSES])
    callback = {"CALLBACK_URL": f"https://{HOSTS[1]}/prod"}
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TIMED.replace("{work}", work), told],
        env={**ENVIRONMENT, **callback, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return [1000 * seconds for seconds in json.loads(ran.stderr.splitlines()[-1])]
