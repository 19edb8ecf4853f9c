"""The open connections, as API Gateway's management API reaches them. Imports core and botocore."""

from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from backend.aws import faults
from backend.core.ports import Gone, Undelivered

# 400 is a malformed id, 413 too large a frame, 429 a rate or a client that does not read.
_UNDELIVERED: Final = frozenset({400, 413, 429})


class ManagementApi(Protocol):
    """The calls of the management API's client that are used."""

    def post_to_connection(self, **request: Any) -> dict[str, Any]: ...

    def get_connection(self, **request: Any) -> dict[str, Any]: ...


class ApiConnections:
    """`backend.core.ports.Connections` behind a stage of a WebSocket API."""

    def __init__(self, client: ManagementApi) -> None:
        self._client = client

    def post(self, connection: str, frame: str) -> None:
        try:
            self._client.post_to_connection(ConnectionId=connection, Data=frame.encode())
        except faults.UNANSWERED as error:
            raise Undelivered from error
        except ClientError as error:
            status = faults.status_of(error)
            if status == 410:
                raise Gone from None
            if status in _UNDELIVERED or status >= 500:
                raise Undelivered from error
            raise

    def is_there(self, connection: str) -> bool:
        try:
            self._client.get_connection(ConnectionId=connection)
        except faults.UNANSWERED:
            return True
        except ClientError as error:
            status = faults.status_of(error)
            if status in _UNDELIVERED or status >= 500:
                return True
            if status != 410:
                raise
            return False
        return True
