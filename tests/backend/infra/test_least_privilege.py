"""What the function may do is what it does, no less and no more."""

import json
import logging
from fnmatch import fnmatchcase
from typing import Any

import pytest

from backend.aws.metrics import FaultCounter
from shared.errors import ErrorCode
from shared.messages import REQUESTS
from tests.backend.aws.bench import Bench, tile
from tests.backend.aws.emulator import emulator
from tests.backend.infra.synthesis import synthesise, written

Right = tuple[str, str]

# What the Lambda service itself does with the function's role.
PLATFORM: set[Right] = {
    ("logs:CreateLogStream", "<log group>"),
    ("logs:PutLogEvents", "<log group>"),
}


CONNECTION_METHODS = {"PostToConnection": "POST", "GetConnection": "GET"}


class Everything(Bench):
    """A bench on which every request of the protocol is made and every refusal is met."""

    def __init__(self) -> None:
        super().__init__(emulator())
        self.asked: set[str] = set()
        self.refused: set[str] = set()
        self.secrets: list[str] = []

    def frame(self, who: str, body: str) -> dict[str, object]:
        reply = super().frame(who, body)
        if reply.get("type") == "error":
            self.refused.add(str(reply["code"]))
        elif '"type"' in body:
            self.asked.add(json.loads(body)["type"])
        self.secrets += [str(reply["token"])] if "token" in reply else []
        return reply

    def run(self) -> None:
        self._be_nonsensical()
        self._play_games()
        self._break_rules()
        self._lose_people()
        self._break_down()

    def _be_nonsensical(self) -> None:
        self.frame("ada", "no json")
        self.frame("ada", '{"type":"teleport"}')
        self.frame("ada", json.dumps({"type": "ping", "text": 5000 * "x"}))
        self.ask("ada", type="start", clock=1)
        self.ask("ada", type="start", v=9)
        self.ask("ada", type="ping")
        self.ask("ada", type="ping", id="ZZZZZZ")

    def _play_games(self) -> None:
        code = self.seated(name="Secret Ada", listed=True, key=self.key())
        self.ask("eve", type="watch", id=code)
        self.ask("ada", type="emote", id=code, emote="hello")
        self.ask("ada", type="emote", id=code, emote="hello")
        self.play(code, "03142")
        self.ask("ada", type="play", id=code, tile=tile("8"))
        for who in ("ada", "bob"):
            self.ask(who, type="rematch", id=code)
        for kind in ("open", "live"):
            self.ask("eve", type="list", kind=kind)
        self.ask("ada", type="resign", id=self.seated())
        self.ask("ada", type="match", key=self.key())
        self.ask("bob", type="match", key=self.key())

    def _break_rules(self) -> None:
        code = self.seated(clock=30)
        self.ask("ada", type="claim", id=code)
        self.ask("bob", type="play", id=code, tile="1,1")
        self.play(code, "4")
        self.ask("bob", type="play", id=code, tile="1,1")
        self.ask("bob", type="play", id=code, tile="0,0", after="48")
        self.ask("eve", type="play", id=code, tile="0,0")
        self.ask("eve", type="join", id=code)
        self.ask("eve", type="resume", id=code, token=f"x.{self.key()}")
        for number in range(21):
            self.ask(f"fan{number}", type="watch", id=code)
        self.clock.advance(seconds=31)
        self.ask("ada", type="claim", id=code)
        own = self.ask("ada", type="start")["id"]
        self.ask("ada", type="join", id=own)
        self.ask("ada", type="play", id=own, tile="0,0")
        self.ask("ada", type="leave", id=own)

    def _lose_people(self) -> None:
        code = self.seated()
        self.ask("eve", type="watch", id=code)
        self.session.gone |= {"bob", "eve"}
        self.play(code, "4")
        self.hang_up("ada")
        lost = self.ask("kim", type="start", key=self.key())
        self.ask("lee", type="resume", id=lost["id"], token=lost["token"])

    def _break_down(self) -> None:
        code = self.ask("kim", type="start")["id"]
        self.session.faults["GetItem"] = (400, "ThrottlingException")
        self.ask("kim", type="ping", id=code)
        self.session.faults["GetItem"] = (400, "ValidationException")
        self.ask("kim", type="ping", id=code)
        self.ask("lee", type="join", id=code)
        self.session.faults["PostToConnection"] = (413, "PayloadTooLargeException")
        self.ask("kim", type="play", id=code, tile="1,1")


@pytest.fixture(scope="module")
def everything() -> Everything:
    bench = Everything()
    bench.run()
    return bench


def granted() -> set[Right]:
    """The rights that the synthesised policy gives, the stack's names in brackets."""
    stack = synthesise()
    [policy] = stack.only("AWS::IAM::Role")["Policies"]
    rights = set()
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        for action in listed(statement["Action"]):
            rights |= {(action, named(resource)) for resource in listed(statement["Resource"])}
    return rights


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> str:
    """The resource, with the names that the bench knows."""
    stack = synthesise()
    [table], [logs], [api] = (
        stack.resources(f"AWS::{kind}")
        for kind in ("DynamoDB::Table", "Logs::LogGroup", "ApiGatewayV2::Api")
    )
    text = written(resource).replace(f"<{table}.Arn>", "<table>")
    return text.replace(f"<{logs}.Arn>", "<log group>").replace(f"<{api}>", "<api>")


def used(bench: Everything) -> set[Right]:
    """The rights that the bench's calls needed."""
    return {right(call.operation, call.on) for call in bench.session.bill.calls}


def right(operation: str, on: str) -> Right:
    if method := CONNECTION_METHODS.get(operation):
        api = "arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<api>"
        return "execute-api:ManageConnections", f"{api}/prod/{method}/@connections/{on}"
    return f"dynamodb:{operation}", "<table>" if on == "table" else f"<table>/index/{on}"


def allows(grant: Right, use: Right) -> bool:
    return grant[0] == use[0] and fnmatchcase(use[1], grant[1])


def test_everything_was_tried(everything: Everything) -> None:
    """Every request of the protocol succeeded once, and every refusal there is was met."""
    assert everything.asked == REQUESTS.keys()
    assert everything.refused == {str(code) for code in ErrorCode}


def test_nothing_used_is_missing(everything: Everything) -> None:
    """The function may do all that it does."""
    rights = granted()
    assert [use for use in used(everything) if not any(allows(one, use) for one in rights)] == []


def test_nothing_granted_is_unused(everything: Everything) -> None:
    """The function may do nothing that it does not do."""
    uses = used(everything)
    idle = {one for one in granted() if not any(allows(one, use) for use in uses)}
    assert idle == PLATFORM


def test_nothing_secret_is_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither logs nor metrics hold tokens, keys, names, connections or what players sent."""
    bench = Everything()
    counter = FaultCounter(bench.metrics)
    logging.getLogger().addHandler(counter)
    try:
        with caplog.at_level(logging.WARNING):
            bench.run()
    finally:
        logging.getLogger().removeHandler(counter)
    said = capsys.readouterr().out + caplog.text
    assert "Faults" in said
    assert "ValidationException" in said
    assert len(bench.secrets) > 10
    keys = [token.partition(".")[2] for token in bench.secrets]
    frames = ("teleport", "Secret Ada", "no json", "fan7", "@connections")
    assert [secret for secret in (*keys, *frames) if secret in said] == []
