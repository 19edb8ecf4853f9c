"""Everything that the function depends on, broken in every way: what is counted, which alarm it is.

`docs/outages.md` shows this matrix; a test here fails when it is no longer true.
"""

import io
import json
import logging
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session

from backend.aws.metrics import EmbeddedMetrics, FaultCounter
from backend.aws.wiring import Function, Surroundings, TwoServices, assemble
from backend.core.game import Game, Moment, Seat
from backend.core.ports import Store
from backend.infra.asset import ROOT
from shared.board import tile_of
from tests.backend.aws import broken
from tests.backend.aws.alarming import raised
from tests.backend.aws.bench import event
from tests.backend.aws.emulator import CREDENTIALS, REGION, emulator
from tests.backend.memory import ManualClock

PLAYS = 20
TABLE, POSTS = "dynamodb", "apigatewaymanagementapi"
NAMES = {TABLE: "DynamoDB", POSTS: "@connections"}
# How often the real ones are asked is no matter here; a busy machine may take its time.
ONCE = Config(connect_timeout=30, read_timeout=30, retries={"total_max_attempts": 1})
IMPATIENT = ONCE.merge(Config(read_timeout=0.05))
CLOCK = ManualClock()
AT = Moment(CLOCK.now(), CLOCK.now() // 1000 + 3600)
GAME = Game(
    id="000000",
    expires=AT.expires,
    status="playing",
    x=Seat(token="aa" * 32, connection="ada", bound_at=AT.now),
    o=Seat(token="bb" * 32, connection="bob", bound_at=AT.now),
    since=AT.now,
)


@dataclass(frozen=True)
class Fault:
    """How a server answers; the address instead where there is none."""

    response: bytes | None = b""
    url: str = ""


FAULTS: dict[str, Fault] = {
    "500": Fault(broken.error(500, "InternalServerError")),
    "503": Fault(broken.error(503, "ServiceUnavailable")),
    "429": Fault(broken.error(429, "ThrottlingException")),
    "400": Fault(broken.error(400, "ValidationException")),
    "403": Fault(broken.error(403, "AccessDeniedException")),
    "404": Fault(broken.error(404, "ResourceNotFoundException")),
    "410": Fault(broken.error(410, "GoneException")),
    "413": Fault(broken.error(413, "PayloadTooLargeException")),
    "502, a page": Fault(broken.answer(502, "<html>Bad gateway</html>")),
    "403, a page": Fault(broken.answer(403, "<html>Forbidden</html>")),
    "time-out": Fault(None),
    "connection refused": Fault(url=broken.closed_port()),
    "no such host": Fault(url=f"http://{broken.NOWHERE}"),
    "no HTTP": Fault(b"\x15\x03\x01 hello\r\n\r\n"),
    "200, cut off": Fault(broken.answer(200, "{", missing=99)),
    "200, a page": Fault(broken.answer(200, "<html>It works!</html>")),
    "200, an empty object": Fault(broken.answer(200, "{}")),
}


class BrokenSession(Session):
    """A session whose client of one service meets the fault; the others find what works."""

    def __init__(self, urls: dict[str, str], patience: Config) -> None:
        super().__init__()
        self._patience = patience
        self.register_component("data_loader", TwoServices())
        self.set_credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
        self.set_config_variable("region", REGION)
        self._urls = urls

    def create_client(self, service_name: str, *args: Any, **options: Any) -> Any:
        options["endpoint_url"] = self._urls[service_name]
        if service_name == TABLE and self._urls[TABLE] == emulator().url:
            return super().create_client(service_name, *args, **options)
        options["config"] = options["config"].merge(self._patience)
        return super().create_client(service_name, *args, **options)


@pytest.fixture(autouse=True)
def _no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve = socket.getaddrinfo

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host == broken.NOWHERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@contextmanager
def stack(service: str = "", fault: str = "") -> Iterator[tuple[Function, Store]]:
    """The function with one service broken, and the games that it knows when the table is well."""
    aws = emulator()
    table = aws.new_table()
    with ExitStack() as servers:
        urls = {TABLE: aws.url, POSTS: servers.enter_context(serving("200"))}
        if service:
            urls[service] = servers.enter_context(serving(fault))
        patience = IMPATIENT if FAULTS.get(fault, Fault()).response is None else ONCE
        metrics = EmbeddedMetrics("noughts-tui", CLOCK)
        counter = FaultCounter(metrics)
        logging.getLogger().addHandler(counter)
        servers.callback(logging.getLogger().removeHandler, counter)
        surroundings = Surroundings(table=table, callback_url="", stack="noughts-tui", life=21600)
        function = assemble(BrokenSession(urls, patience), surroundings, CLOCK, metrics)
        yield function, emulator().store_on(table)


@contextmanager
def serving(fault: str) -> Iterator[str]:
    known = FAULTS.get(fault, Fault(broken.answer(200, "")))
    if known.url:
        yield known.url
    else:
        with broken.serving(known.response) as url:
            yield url


@dataclass(frozen=True)
class Seen:
    """What a player read, and what CloudWatch counted."""

    replies: str
    measured: Counter[str]

    @property
    def failures(self) -> list[str]:
        """What was counted of failures, by the function or by the platform."""
        good = {"Alive", "GamesFinished", "Moves", "Invocations", "MessageCount", "ConnectCount"}
        return sorted(self.measured.keys() - good)


def played(function: Function, store: Store | None, printed: Callable[[], str]) -> Seen:
    """Twenty games with one move each, and one player who goes."""
    printed()
    replies: set[str] = set()
    measured: Counter[str] = Counter(ConnectCount=2)
    for number in range(PLAYS):
        game = replace(GAME, id=f"{number:06d}")
        if store is not None:
            store.create(game, AT)
        move = {"type": "play", "id": game.id, "tile": tile_of(4), "after": "", "ref": "r"}
        answer = function(event("MESSAGE", "ada", body=json.dumps(move)))
        reply = json.loads(answer["body"])
        replies.add(reply.get("code", reply["type"]))
        measured += Counter(Invocations=1, MessageCount=3)
    function(event("DISCONNECT", "bob"))
    measured["Invocations"] += 1
    for line in printed().splitlines():
        counts = json.loads(line)
        [described] = counts["_aws"]["CloudWatchMetrics"]
        measured += Counter({one["Name"]: counts[one["Name"]] for one in described["Metrics"]})
    return Seen(", ".join(sorted(replies)), measured)


def row(what: str, how: str, replies: str, failures: list[str], alarms: list[str]) -> str:
    """The line of the guide's matrix."""
    shown = [", ".join(names) or "none" for names in (failures, alarms)]
    return f"| {what} | {how} | {replies} | {' | '.join(shown)} |"


def guide() -> list[str]:
    text = (ROOT / "docs" / "outages.md").read_text()
    line = r"^\| (?:DynamoDB|@connections|Standard output|Lambda) \|.*\|$"
    return re.findall(line, text, re.MULTILINE)


def told(what: str, how: str) -> str:
    """The guide's line for this failure."""
    return next((line for line in guide() if line.startswith(f"| {what} | {how} |")), "")


def test_a_healthy_stack_raises_no_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is broken, nothing that an alarm looks at is counted."""
    with stack() as (function, store):
        seen = played(function, store, lambda: capsys.readouterr().out)
    assert (seen.replies, seen.failures) == ("play", [])
    assert raised(seen.measured) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("service", NAMES)
def test_no_outage_is_silent(
    service: str,
    fault: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever breaks, however it breaks, twenty moves are enough to raise an alarm."""
    with stack(service, fault) as (function, store):
        games = store if service == POSTS else None
        seen = played(function, games, lambda: capsys.readouterr().out)
    alarms = raised(seen.measured)
    assert row(NAMES[service], fault, seen.replies, seen.failures, alarms) == told(
        NAMES[service], fault
    )
    # A 200 to a post says that it was taken, whatever else it says.
    taken = service == POSTS and fault.startswith("200")
    assert bool(alarms) != taken


def test_a_look_for_a_connection_that_fails_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A quick match seats its player opposite a host who could not be looked for, and says so."""
    with stack(POSTS, "500") as (function, _):
        replies = [
            json.loads(function(event("MESSAGE", who, body='{"type": "match"}'))["body"])["type"]
            for who in ("ada", "bob")
        ]
    assert replies == ["init", "join"]
    # One look, and the push that tells the host.
    assert capsys.readouterr().out.count('"ConnectionFailures":1') == 2


class BrokenOutput(io.StringIO):
    """Standard output that takes nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


OUTPUTS = {
    "no reader": BrokenPipeError(32, "Broken pipe"),
    "full": OSError(28, "No space left on device"),
    "closed": ValueError("I/O operation on closed file"),
}


@pytest.mark.parametrize("how", OUTPUTS)
def test_metrics_that_are_lost_are_noticed(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Players play on when nobody can be told of it, and that nothing is told raises an alarm."""
    monkeypatch.setattr("sys.stdout", BrokenOutput(OUTPUTS[how]))
    with stack() as (function, store):
        seen = played(function, store, str)
    alarms = raised(seen.measured)
    expected = row("Standard output", how, seen.replies, ["Alive missing"], alarms)
    assert expected == told("Standard output", how)
    assert alarms == ["Silent"]


# What only the platform can do to a function, and what it then counts, by its documentation.
PLATFORM: dict[str, dict[str, int]] = {
    "fails when it is loaded": {"Errors": 20, "IntegrationError": 20},
    "raises": {"Errors": 20, "IntegrationError": 20},
    "runs out of time": {"Errors": 20, "IntegrationError": 20},
    "runs out of memory": {"Errors": 20, "IntegrationError": 20},
    "runs too often at once": {"Throttles": 20, "ExecutionError": 20},
    "may not be called": {"ExecutionError": 20},
    "may not write its log": {"Invocations": 20},
    "is asked more than the stage lets through": {"ClientError": 100},
}


@pytest.mark.parametrize("how", PLATFORM)
def test_what_befalls_the_function_is_noticed(how: str) -> None:
    """What the platform counts when the function itself fails raises an alarm."""
    alarms = raised(PLATFORM[how])
    metrics = sorted(PLATFORM[how])
    assert [line for line in guide() if line == row("Lambda", how, *_shown(how, metrics, alarms))]
    assert alarms


def _shown(how: str, metrics: list[str], alarms: list[str]) -> tuple[str, list[str], list[str]]:
    replies = {
        "may not write its log": "play",
        "is asked more than the stage lets through": "`Too Many Requests`",
    }
    silent = ["Alive missing"] if metrics == ["Invocations"] else metrics
    return replies.get(how, "`Internal server error`"), silent, alarms


def test_the_guide_shows_nothing_else() -> None:
    """The matrix has a line for each failure that is tried, and no other."""
    tried = {
        *(f"| {name} | {fault} " for name in NAMES.values() for fault in FAULTS),
        *(f"| Standard output | {how} " for how in OUTPUTS),
        *(f"| Lambda | {how} " for how in PLATFORM),
    }
    assert {re.match(r"\| [^|]+ \| [^|]+ ", line)[0] for line in guide()} == tried  # type: ignore[index] # each line has both
