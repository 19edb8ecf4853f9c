"""AWS as far as one move asks for it, over TLS: ``python -m benchmarks.aws_stub CHAIN KEY ITEM``.

It answers each call at once, with the item for the table's, so that what is measured in another
process is the caller alone. It prints its port, and ends when its input does.
"""

import json
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler
from typing import ClassVar


class Answer(BaseHTTPRequestHandler):
    """Any call is answered as if it had succeeded."""

    protocol_version = "HTTP/1.1"
    # One packet for each answer: else the kernel waits for the first to be acknowledged.
    wbufsize = -1
    item: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.item if "X-Amz-Target" in self.headers else b""
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        pass


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main(chain: str, key: str, item: str) -> None:
    Answer.item = json.dumps({"Attributes": json.loads(item)}).encode()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with Server(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
