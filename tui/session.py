"""What every screen is given: the player's client, where it plays and what the player likes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tui.client.client import Client
from tui.client.seats import wall_ms
from tui.options import Options


@dataclass(frozen=True, slots=True)
class Session:
    """``where`` names the server to the player.

    ``now_ms`` is our clock, epoch ms, which may be set; ``monotonic`` goes on evenly, in seconds.
    ``program`` is the command that starts this program here.
    ``practice`` is set at a table against the computer, which is no news to anybody.
    """

    client: Client
    where: str
    options: Options
    practice: bool = False
    program: tuple[str, ...] = ("noughts-tui",)
    now_ms: Callable[[], int] = wall_ms
    monotonic: Callable[[], float] = time.monotonic
