"""A bare relay on websockets, to stand beside the gateway: ``python -m benchmarks.relay``.

It sends what one of a path's clients says to all of them, the speaker first, and neither judges nor
stores anything. The library does all of its work, with the settings that the gateway has.
"""

import asyncio
from collections import defaultdict

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

tables: defaultdict[str, list[ServerConnection]] = defaultdict(list)


async def attend(connection: ServerConnection) -> None:
    """Relays what one client says."""
    table = tables[connection.request.path if connection.request else ""]
    table.append(connection)
    try:
        while True:
            frame = await connection.recv(decode=True)
            connections = [connection, *(other for other in table if other is not connection)]
            broadcast(connections, frame)
    except ConnectionClosed:
        table.remove(connection)


async def main() -> None:
    async with serve(attend, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
