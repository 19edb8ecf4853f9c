"""The one entry of the service, on Lambda as in the embedded gateway.

It is the boundary of the service: whatever fails behind it is logged, without the body of the
frame, and answered.
"""

import logging
from typing import Any, Final

from backend.core.ports import Busy
from backend.core.service import Service
from backend.handlers import events
from backend.handlers.events import Connected, Disconnected, Message
from shared import codec

_log: Final = logging.getLogger(__name__)


class Handler:
    """Serves API Gateway events: called with an event dict, returns a response dict."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __call__(self, event: dict[str, Any], _context: object = None) -> dict[str, Any]:
        """Serves one event.

        Raises:
            BadEvent: the event is not one of a WebSocket API.
        """
        match events.read(event):
            case Message(connection, body):
                return self._message(connection, body)
            case Disconnected(connection):
                return self._disconnected(connection)
            case Connected():
                return events.response()

    def undone(self, event: dict[str, Any], error: Exception) -> dict[str, Any]:
        """The response to an event that was served, where its changes could not be kept after all.

        For a host that makes the changes of several events durable together.
        """
        match events.read(event):
            case Message(_, body):
                busy = error if isinstance(error, Busy) else None
                return events.response(codec.encode(self._service.failed(body, busy)))
            case Connected() | Disconnected():
                return events.response()

    def _message(self, connection: str, body: str) -> dict[str, Any]:
        try:
            reply = self._service.handle(body, connection)
        except Exception:  # noqa: BLE001 (the boundary: whatever fails is logged and answered)
            _log.exception("a request failed")
            reply = self._service.failed(body)
        return events.response(None if reply is None else codec.encode(reply))

    def _disconnected(self, connection: str) -> dict[str, Any]:
        try:
            self._service.disconnected(connection)
        except Busy:
            _log.warning("the seats of a lost connection could not be looked up")
        except Exception:  # noqa: BLE001 (the boundary)
            _log.exception("a disconnect failed")
        return events.response()
