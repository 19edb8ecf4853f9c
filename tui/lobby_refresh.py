"""When the lobby asks for its lists again."""

import math
from typing import Final

FOCUSED_SECONDS: Final = (5, 5, 10, 15)
"""How old the lists may get while the terminal has the focus, after so many that were as before."""
BLURRED_SECONDS: Final = 30
"""How old the lists may get while another window has the focus."""


class LobbyRefresh:
    """Counts the seconds since the lists were last asked for: each request costs money on AWS."""

    def __init__(self) -> None:
        self._asked_at = -math.inf
        self._unchanged = 0
        self._focused = True

    def due(self, seconds: float, *, focused: bool) -> bool:
        """Whether the lists are to be asked for at this time of a clock that only goes forward.

        The caller asks when the answer is yes: the count begins again.
        """
        if focused and not self._focused:
            self._unchanged = 0
        self._focused = focused
        slowest = len(FOCUSED_SECONDS) - 1
        pause = FOCUSED_SECONDS[min(self._unchanged, slowest)] if focused else BLURRED_SECONDS
        if seconds - self._asked_at < pause:
            return False
        self._asked_at = seconds
        return True

    def answered(self, *, changed: bool) -> None:
        """Says what the lists were like: as long as nothing happens they are asked for less."""
        self._unchanged = 0 if changed else self._unchanged + 1
