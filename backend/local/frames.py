"""Which frames a client may send, and the close code that ends a connection with any other."""

from typing import Any, Final

from websockets.frames import CloseCode, Frame, Opcode
from websockets.server import ServerProtocol

FRAME_BYTES: Final = 2**15
MESSAGE_BYTES: Final = 2**17
FRAMES_AT_ONCE: Final = 4096
"""Frames in one read of the socket. Only a flood of almost empty ones holds so many."""

FRAME_TOO_LONG: Final = f"Max frame length of {FRAME_BYTES} has been exceeded."
MESSAGE_TOO_LONG: Final = f"Max message length of {MESSAGE_BYTES} has been exceeded."


class GatewayProtocol(ServerProtocol):
    """RFC 6455 with the size limits, and the words, of API Gateway."""

    def __init__(self, *, logger: Any) -> None:
        super().__init__(max_size=(MESSAGE_BYTES, FRAME_BYTES), logger=logger)

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            self.fail(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported.")
        elif len(self.events) >= FRAMES_AT_ONCE:
            self.fail(CloseCode.POLICY_VIOLATION, "Too many frames at once.")
        else:
            super().recv_frame(frame)

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        if code == CloseCode.MESSAGE_TOO_BIG and "exceeds limit" in reason:
            room = MESSAGE_BYTES - (self.current_size or 0)
            reason = FRAME_TOO_LONG if room >= FRAME_BYTES else MESSAGE_TOO_LONG
        super().fail(code, reason)
