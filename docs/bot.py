"""A bot: python docs/bot.py ws://127.0.0.1:8002 [CODE]"""

import json
import random
import secrets
import sys
import time

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect


def choose(board: str, me: str) -> int:
    """Any free cell, 0 to 8. A better bot is a better answer here."""
    return random.choice([cell for cell in range(9) if board[cell] == "."])


def move(game: dict, me: str) -> dict:
    row, column = divmod(choose(game["board"], me), 3)
    return {"type": "play", "id": game["id"], "tile": f"{row},{column}", "after": game["moves"]}


def talk(server: ClientConnection, seat: dict, patience: float) -> str:
    """Sits down with the request ``seat``, and plays until the game is over."""
    me, game, newest, ask = "", {"status": "waiting"}, (0, 0), seat
    while game["status"] in ("waiting", "playing"):
        if ask:
            server.send(json.dumps({**ask, "ref": "bot"}))
        try:
            event = json.loads(server.recv(timeout=patience))
        except TimeoutError:
            event = {}
        if "type" not in event or event.get("code") in ("busy", "internal"):
            time.sleep(random.random())  # silence, or not served: ask again, or how it stands
            again = seat if game["status"] == "waiting" else {"type": "ping"}
            ask = ask or {**again, "id": game["id"]}
        elif event.get("code") == "not_seated":
            ask = seat  # the same key is the same seat
        elif "game" in event:
            if "token" in event:
                me, newest = event["mark"], (0, 0)
            if (event["game"]["rev"], event["now"]) >= newest:
                game, newest = event["game"], (event["game"]["rev"], event["now"])
            ask = move(game, me) if game["turn"] == me else None
        elif event["type"] == "error":
            raise SystemExit(event["message"])
    return f"{game['status']}, winner: {game['winner']}"


def play(url: str, code: str = "", patience: float = 10) -> str:
    """Plays the game of that code, or with whoever comes; says how it ended."""
    seat = {"type": "join", "id": code} if code else {"type": "match"}
    seat |= {"name": "Bot", "key": secrets.token_urlsafe(16)}
    for _ in range(100):
        try:
            with connect(url) as server:
                return talk(server, seat, patience)
        except (OSError, WebSocketException):
            time.sleep(random.random())  # on the next connection it goes on
    raise SystemExit("The server cannot be reached.")


if __name__ == "__main__":
    print(play(*sys.argv[1:]))
