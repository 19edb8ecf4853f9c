"""A gateway that the system gives no further descriptor."""

import json
import subprocess
import sys

import pytest

from backend.local.descriptors import REFUSAL

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the number of descriptors is limited on POSIX systems only"
)

CROWD = 60
SCRIPT = """
import asyncio, json, logging, os, resource, socket
from backend.local.gateway import serve
from tests.backend.local.peer import peer
from tests.backend.memory import MemoryStore

LIMIT, HARD = resource.getrlimit(resource.RLIMIT_NOFILE)

async def ask(url):
    async with peer(url) as one:
        return (await one.ask(type="ping"))["type"]

def answer(one):
    one.settimeout(30)
    return one.recv(1000).decode()

async def main():
    async with serve(MemoryStore()) as gateway:
        # The crowd is made first: it is of this process, too, and needs descriptors.
        crowd = [socket.socket() for _ in range({crowd})]
        taken = max(int(name) for name in os.listdir("/dev/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken + 10, HARD))
        for each in crowd:
            each.connect((gateway.host, gateway.port))
        last = crowd[len(crowd) // 2:]
        said = await asyncio.gather(*(asyncio.to_thread(answer, each) for each in last))
        for each in crowd:
            each.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, HARD))
        print(json.dumps([said, await ask(gateway.url)]))

logging.basicConfig(format="%(levelname)s %(message)s")
asyncio.run(main())
"""


def test_without_descriptors_people_are_refused() -> None:
    """Whoever comes then is told so, with one warning; later the gateway serves as before."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(crowd=CROWD)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == done.stderr.count("WARNING connections are refused") == 1
    said, later = json.loads(done.stdout)
    assert [answer.endswith(REFUSAL) for answer in said] == CROWD // 2 * [True]
    assert {answer.partition("\r\n")[0] for answer in said} == {"HTTP/1.1 503 Service Unavailable"}
    assert later == "pong"
