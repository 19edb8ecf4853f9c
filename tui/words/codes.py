"""The game code in what a player typed or pasted."""

import re
from typing import Final

from shared import crockford

_CODE: Final = re.compile(r"(?<![\w-])[0-9A-Za-z](?:[- ]?[0-9A-Za-z]){5}(?![\w-])")


def code_in(text: str) -> str | None:
    """The game code in pasted text: alone, or in a command such as ``noughts-tui join K7QF2M``."""
    try:
        return crockford.game_code(text)
    except ValueError:
        pass
    words = text.split()
    after = [words[place + 1] for place, word in enumerate(words[:-1]) if word in _CODE_WORDS]
    for word in after + words:
        if _CODE.fullmatch(word):
            try:
                return crockford.game_code(word)
            except ValueError:
                continue
    return None


_CODE_WORDS: Final = {"join", "watch", "--id"}
