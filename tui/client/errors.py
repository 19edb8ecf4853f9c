"""What can go wrong between a player and a server besides a refusal."""

from typing import Final

ELSEWHERE: Final = (
    "Other games are served on this machine now, and yours are kept: end that server, or set"
    " NOUGHTS_TUI_PORT to a free port in each of your terminals and start them again."
)


class Unreachable(Exception):
    """The server does not answer; ``sentence`` says so to a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Elsewhere(Unreachable, OSError):
    """Who answers has other games than ours; an OSError, so that the link tries again."""

    def __init__(self) -> None:
        super().__init__(ELSEWHERE)
