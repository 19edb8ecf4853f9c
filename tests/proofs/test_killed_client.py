"""Two people at two real terminals, and a program that dies without a word."""

import sys
from pathlib import Path

import pytest

from tests.backend.local.peer import peer
from tests.backend.local.program import running

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from tests.proofs.terminal import Terminal, terminal


async def play(who: Terminal, key: str) -> None:
    """Plays a cell as soon as the screen says that it is this player's turn."""
    await who.shows("Your turn")
    who.press(key)
    # A screen can be painted once more as it was before the key.
    await who.shows("is thinking|You win")


async def test_a_killed_program_comes_back_to_its_game(tmp_path: Path) -> None:
    """Killed in the middle of a game, the program offers the seat at its next start, and wins."""
    async with (
        running(tmp_path / "games") as gateway,
        peer(gateway.url) as eye,
        terminal(tmp_path / "bob", "--url", gateway.url, "--name", "Bob", "new") as bob,
    ):
        code = (await bob.shows(r" join ([0-9A-Z]{6})"))[1]
        join = ("--url", gateway.url, "--name", "Ada", "join", code)
        async with terminal(tmp_path / "ada", *join) as ada:
            await play(bob, "1")
            await play(ada, "5")
            await play(bob, "2")
            await ada.shows("Your turn")
            ada.kill()
            await bob.shows("Ada lost the connection")
        async with terminal(tmp_path / "ada", "--url", gateway.url) as ada:
            await ada.shows(rf"Resume {code} \(your turn\)")
            ada.press("r")
            # The lobby, too, says whose turn it is in the game that is marked.
            await ada.shows(f"Game {code}")
            await play(ada, "3")
            await play(bob, "9")
            await play(ada, "7")
            await bob.shows("Ada wins")
        game = (await eye.ask(type="ping", id=code))["game"]
        assert (game["moves"], game["status"], game["winner"]) == ("041286", "won", "o")
