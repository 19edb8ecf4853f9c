"""The player's seats on disk: what a new process needs to come back to a game."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Seat:
    """The right to a seat. ``url`` names the server, ``saved_at`` is epoch ms."""

    url: str
    id: str
    token: str = field(repr=False)
    saved_at: int


class Seats:
    """The seats in a folder, or in memory only when there is none."""

    def __init__(self, folder: Path | None) -> None:
        raise NotImplementedError
