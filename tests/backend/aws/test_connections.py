"""Posting to connections that are there, are gone, or cannot be reached."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from backend.aws.connections import ApiConnections
from backend.core.ports import Gone, Undelivered
from tests.backend.aws.faulty import Faulty, refusal


class Recorder:
    """The management API, which takes every post and knows every connection."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []

    def post_to_connection(self, **request: Any) -> dict[str, Any]:
        self.posts.append(request)
        return {}

    def get_connection(self, **_request: Any) -> dict[str, Any]:
        return {}


def test_a_frame_is_posted_as_utf8() -> None:
    """A frame goes to its connection as the bytes that the client reads."""
    api = Recorder()
    ApiConnections(api).post("abc=", '{"name":"名前"}')
    assert api.posts == [{"ConnectionId": "abc=", "Data": '{"name":"名前"}'.encode()}]


@pytest.mark.parametrize("code", ["GoneException", "410"])
def test_a_closed_connection_is_gone(code: str) -> None:
    """HTTP 410 says that the connection does not exist any more, however the error is called."""
    with pytest.raises(Gone):
        ApiConnections(Faulty(refusal(code, 410))).post("abc=", "{}")


PASSING: list[Exception] = [
    refusal("BadRequestException", 400),
    refusal("ForbiddenException", 403),
    refusal("PayloadTooLargeException", 413),
    refusal("LimitExceededException", 429),
    refusal("InternalServerError", 500),
    refusal("503", 503),
    ConnectTimeoutError(endpoint_url="wss://example.org"),
    ReadTimeoutError(endpoint_url="wss://example.org"),
    ResponseParserError("no JSON"),
]


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_a_push_can_be_lost(error: Exception) -> None:
    """A push that fails otherwise is lost, and nobody is unbound because of it."""
    with pytest.raises(Undelivered):
        ApiConnections(Faulty(error)).post("abc=", "{}")


def test_a_connection_is_there() -> None:
    """The platform tells whether a connection exists without sending it anything."""
    assert ApiConnections(Recorder()).is_there("abc=")
    assert not ApiConnections(Faulty(refusal("GoneException", 410))).is_there("abc=")


@pytest.mark.parametrize("error", PASSING, ids=str)
def test_who_cannot_be_looked_for_counts_as_there(error: Exception) -> None:
    """Nobody loses a seat because the platform did not answer."""
    assert ApiConnections(Faulty(error)).is_there("abc=")
