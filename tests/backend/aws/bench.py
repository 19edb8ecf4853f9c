"""The whole service in this process, on the emulator's DynamoDB, every call to AWS on a meter."""

import json
from itertools import count
from typing import Any

from backend.aws.metrics import EmbeddedMetrics
from backend.aws.wiring import Surroundings, assemble
from shared.board import tile_of
from tests.backend.aws.emulator import Emulator
from tests.backend.aws.meter import Bill, MeteredSession
from tests.backend.memory import ManualClock

CALLBACK = "https://api.execute-api.eu-west-1.amazonaws.com/prod"


class Bench:
    """The handler, wired as the function is: `ask` is a frame, `hang_up` a lost connection."""

    def __init__(self, aws: Emulator) -> None:
        self.aws = aws
        self.table = aws.new_table()
        self.clock = ManualClock()
        self.metrics = EmbeddedMetrics("noughts-tui", self.clock)
        self.session = MeteredSession(aws, self.table)
        self.handler = assemble(
            self.session,
            Surroundings(table=self.table, callback_url=CALLBACK, stack="noughts-tui", life=21600),
            self.clock,
            self.metrics,
        )
        self._keys = count(1)

    def ask(self, who: str, **request: Any) -> dict[str, Any]:
        """The reply to a request with a ``ref``."""
        reply = self.frame(who, json.dumps({**request, "ref": "r"}))
        assert reply.pop("ref") == "r"
        return reply

    def frame(self, who: str, body: str) -> dict[str, Any]:
        """The reply to any frame; empty when there is none."""
        answer = self.handler(event("MESSAGE", who, body=body))
        assert answer["statusCode"] == 200
        reply: dict[str, Any] = json.loads(answer.get("body", "{}"))
        return reply

    def hang_up(self, who: str) -> None:
        self.session.gone.add(who)
        self.handler(event("DISCONNECT", who))

    def key(self) -> str:
        """A key never used before."""
        return f"{next(self._keys):022d}"

    def seated(self, **start: Any) -> str:
        """The code of a new game that ada (x) and bob (o) play."""
        code = self.ask("ada", type="start", **start)["id"]
        self.ask("bob", type="join", id=code)
        return str(code)

    def play(self, code: str, moves: str) -> None:
        """Plays all these moves, by ada and bob in turn."""
        for place, cell in enumerate(moves):
            who = ("ada", "bob")[place % 2]
            self.ask(who, type="play", id=code, tile=tile(cell), after=moves[:place])

    def cost(self, who: str, **request: Any) -> Bill:
        """What a request costs that is not refused."""
        self.session.measured()
        reply = self.ask(who, **request)
        assert reply["type"] != "error", reply
        return self.session.measured()


def tile(cell: str) -> str:
    return tile_of(int(cell))


def event(kind: str, connection: str, **more: Any) -> dict[str, Any]:
    """What API Gateway calls the function with, as far as the handler reads it."""
    context = {"eventType": kind, "connectionId": connection, "routeKey": "x"}
    return {"requestContext": context, "isBase64Encoded": False, **more}
