"""What can go wrong between a player and a server besides a refusal."""

from typing import Final

ELSEWHERE: Final = "Other games are served here now; yours is kept until its own server is back."


class Unreachable(Exception):
    """The server does not answer; ``sentence`` says so to a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Elsewhere(Unreachable, OSError):
    """Who answers has other games than ours; an OSError, so that the link tries again."""

    def __init__(self) -> None:
        super().__init__(ELSEWHERE)
