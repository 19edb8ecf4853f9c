"""A program that speaks as the tutorial's client does, and breaks on any frame it does not expect.

Usage: ``tutorial_client.py new`` or ``tutorial_client.py join --id CODE``; tiles come on standard
input, a line each; the endpoint is ``WEBSOCKET_URL``. Written anew after the tutorial's behaviour.
"""

import json
import os
import sys

from websockets.sync.client import ClientConnection, connect


def expect(websocket: ClientConnection, kind: str) -> dict[str, str]:
    event: dict[str, str] = json.loads(websocket.recv(timeout=20))
    if event["type"] != kind:
        raise SystemExit(f"expected {kind}, got {event['type']}")
    return event


def main(command: str, game_id: str = "") -> None:
    with connect(os.environ["WEBSOCKET_URL"], close_timeout=1) as websocket:
        if command == "new":
            websocket.send(json.dumps({"type": "start"}))
            game_id = expect(websocket, "init")["id"]
            sys.stdout.write(f"{game_id}\n")
            sys.stdout.flush()
        else:
            websocket.send(json.dumps({"type": "join", "id": game_id}))
        expect(websocket, "join")
        mine = command == "new"
        for line in sys.stdin:
            tile = line.strip()
            if mine:
                websocket.send(json.dumps({"type": "play", "tile": tile, "id": game_id}))
            elif (played := expect(websocket, "play"))["tile"] != tile:
                raise SystemExit(f"expected {tile}, got {played['tile']}")
            mine = not mine
    sys.stdout.write("Game over\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[-1])
