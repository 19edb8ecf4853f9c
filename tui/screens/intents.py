"""What screens ask the app for: to go somewhere else."""

from textual.message import Message
from textual.screen import Screen

from tui.options import Level
from tui.session import Session
from tui.words.story import Story
from tui.words.waiting import Sought


class OpenTable(Message):
    """Show a table: over the lobby if that asks, else in place of the screen that does."""

    def __init__(
        self, session: Session, game_id: str, asker: Screen[None], sought: Sought = ""
    ) -> None:
        super().__init__()
        self.session = session
        self.game_id = game_id
        self.asker = asker
        self.sought = sought


class Began(Message):
    """Somebody joined a table that waits below the screen in front."""

    def __init__(self, session: Session, game_id: str) -> None:
        super().__init__()
        self.session = session
        self.game_id = game_id


class Practise(Message):
    """Play the computer, unless the player has gone elsewhere before it comes."""

    def __init__(self, level: Level, asker: Screen[None]) -> None:
        super().__init__()
        self.level = level
        self.asker = asker


class PracticeOver(Message):
    """The player turned away from the computer."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session


class OpenReplay(Message):
    """Step through a game."""

    def __init__(self, story: Story) -> None:
        super().__init__()
        self.story = story


class NameChanged(Message):
    """The player has another name from now on."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
