"""When the lobby asks for its lists again."""

import math
from typing import Final

FOCUSED_SECONDS: Final = 5
BLURRED_SECONDS: Final = 30
"""How old the lists may get while the terminal has the focus, and while another window has it."""


class LobbyRefresh:
    """Counts the seconds since the lists were last asked for: each request costs money on AWS."""

    def __init__(self) -> None:
        self._asked_at = -math.inf

    def due(self, seconds: float, *, focused: bool) -> bool:
        """Whether the lists are to be asked for at this time of a clock that only goes forward.

        The caller asks when the answer is yes: the count begins again.
        """
        if seconds - self._asked_at < (FOCUSED_SECONDS if focused else BLURRED_SECONDS):
            return False
        self._asked_at = seconds
        return True
