"""The open connections, as API Gateway's management API reaches them."""

from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from backend.aws import faults
from backend.core.ports import Gone, Undelivered

# Whatever else is wrong, a missing permission included: what a push tells is stored already, and
# its mover must hear so. The operator is told by `watched`.
_FAILED: Final = (ClientError, *faults.NO_ANSWER)


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
        except _FAILED as error:
            if _is_gone(error):
                raise Gone from None
            raise Undelivered from error

    def is_there(self, connection: str) -> bool:
        try:
            self._client.get_connection(ConnectionId=connection)
        except _FAILED as error:
            return not _is_gone(error)
        return True


def _is_gone(error: Exception) -> bool:
    return isinstance(error, ClientError) and faults.is_gone(error)
