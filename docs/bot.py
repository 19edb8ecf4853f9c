"""A bot: python docs/bot.py ws://127.0.0.1:8002 [CODE]"""

import json
import random
import sys

from websockets.sync.client import connect


def choose(board: str, me: str) -> int:
    """Any free cell, 0 to 8. A better bot is a better answer here."""
    return random.choice([cell for cell in range(9) if board[cell] == "."])


def play(url: str, code: str = "") -> str:
    """Plays the game of that code, or with whoever comes; says how it ended."""
    seat = {"type": "join", "id": code} if code else {"type": "match"}
    me, answered = "", set()
    with connect(url) as server:
        server.send(json.dumps({**seat, "name": "Bot"}))
        for event in map(json.loads, server):
            if "token" in event:
                me = event["mark"]  # the seat is ours
            if "game" in event:
                game = event["game"]
                if game["status"] not in ("waiting", "playing"):
                    return f"{game['status']}, winner: {game['winner']}"
                if game["turn"] == me and game["moves"] not in answered:
                    answered.add(game["moves"])
                    row, column = divmod(choose(game["board"], me), 3)
                    move = {"type": "play", "id": game["id"], "tile": f"{row},{column}"}
                    server.send(json.dumps({**move, "after": game["moves"], "ref": "move"}))
            elif event.get("type") == "error":
                raise SystemExit(event["message"])
    return "The connection was lost."


if __name__ == "__main__":
    print(play(*sys.argv[1:]))
