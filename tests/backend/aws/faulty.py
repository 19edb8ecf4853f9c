"""Clients of AWS that fail as told."""

from typing import Any

from botocore.exceptions import ClientError

BASE: dict[str, Any] = {"RequestId": "r", "HTTPHeaders": {}, "RetryAttempts": 0, "HostId": ""}


def refusal(code: str, status: int = 400, **more: Any) -> ClientError:
    """The error of a call that AWS answered by this code and HTTP status."""
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": BASE | {"HTTPStatusCode": status},
        **more,
    }
    return ClientError(answer, "Operation")


class Faulty:
    """Any client; every call raises ``error``."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def fail(self, **_request: Any) -> dict[str, Any]:
        raise self.error

    get_item = put_item = update_item = transact_write_items = query = fail
    post_to_connection = get_connection = fail
