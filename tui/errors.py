"""What can go wrong between a player and a server besides a refusal. Standard library only."""


class Unreachable(Exception):
    """The server does not answer; ``sentence`` says so to a person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
