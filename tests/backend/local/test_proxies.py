"""Real proxies before the gateway, with the configurations that `deploy` has for them.

Each is skipped where its program is not installed.
"""

import asyncio
import shutil
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from backend.local.gateway import Gateway, serve
from backend.local.limits import Limits
from tests.backend.local.peer import PATIENCE_SECONDS, Peer, peer
from tests.backend.memory import MemoryStore

trustme: Any = pytest.importorskip("trustme")
if sys.platform != "linux":
    pytest.skip("only Linux lets a client choose among 127.0.0.0/8", allow_module_level=True)

DEPLOY = Path(__file__).parents[3] / "deploy"
LIMITS = Limits(connections_per_address=1, trusted=(ip_network("127.0.0.1"),))
NGINX = """
daemon off; pid {folder}/pid; error_log stderr notice; worker_processes 1;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {snippet}
}}
"""
CADDY = """
{{
    admin off
    auto_https disable_redirects
    storage file_system {folder}/caddy
}}
{snippet}
"""


@dataclass(frozen=True)
class Site:
    """What the configurations have to be changed for, as an operator changes them."""

    folder: Path
    port: int
    gateway: int

    def nginx(self) -> list[str]:
        snippet = self._changed("nginx.conf", "/etc/ssl/example.org", "listen 443")
        config = self._written(NGINX.format(folder=self.folder, snippet=snippet))
        return ["-e", "stderr", "-p", str(self.folder), "-c", config]

    def haproxy(self) -> list[str]:
        snippet = self._changed("haproxy.cfg", "/etc/haproxy", "bind :443")
        return ["-W", "-db", "-f", self._written(snippet)]

    def caddy(self) -> list[str]:
        snippet = self._changed("Caddyfile", "", "example.org {")
        snippet = snippet.replace(
            "example.org {",
            f"example.org:{self.port} {{\ntls {self.folder}/chain.pem {self.folder}/key.pem",
        )
        config = self._written(CADDY.format(folder=self.folder, snippet=snippet))
        return ["run", "--adapter", "caddyfile", "--config", config]

    def _changed(self, name: str, certificates: str, listening: str) -> str:
        text = (DEPLOY / name).read_text(encoding="utf-8")
        assert listening in text
        text = text.replace("127.0.0.1:8002", f"127.0.0.1:{self.gateway}")
        text = text.replace("listen 443", f"listen 127.0.0.1:{self.port}")
        text = text.replace("bind :443", f"bind 127.0.0.1:{self.port}")
        return text.replace(certificates, str(self.folder)) if certificates else text

    def _written(self, text: str) -> str:
        path = self.folder / "config"
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True)
class Proxy:
    """A proxy, how it is run, and what it says when it is ready."""

    program: str
    arguments: Callable[[Site], list[str]]
    ready: bytes


PROXIES = [
    Proxy("nginx", Site.nginx, b"start worker process "),
    Proxy("haproxy", Site.haproxy, b"Loading success"),
    Proxy("caddy", Site.caddy, b"serving initial configuration"),
]


@dataclass(frozen=True)
class Behind:
    """A gateway behind a running proxy."""

    gateway: Gateway
    port: int
    trusting: ssl.SSLContext

    @asynccontextmanager
    async def player(self, address: str, **headers: str) -> AsyncIterator[Peer]:
        """A client that connects to the proxy from this address."""
        options = {
            "host": "127.0.0.1",
            "port": self.port,
            "local_addr": (address, 0),
            "ssl": self.trusting,
            "additional_headers": headers,
        }
        async with peer("wss://example.org/noughts", **options) as client:
            yield client

    async def status(self, path: str, method: str = "GET") -> int:
        """The status of the answer to plain HTTP through the proxy."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.trusting, server_hostname="example.org"
        )
        try:
            request = f"{method} {path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
            writer.write(request.encode())
            async with asyncio.timeout(PATIENCE_SECONDS):
                return int((await reader.readline()).split()[1])
        finally:
            writer.transport.abort()


def _certified(folder: Path) -> ssl.SSLContext:
    """Writes a certificate for the proxy and returns what trusts it."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("example.org", key_type=trustme.KeyType.ECDSA)
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(issued.private_key_pem.bytes())
    (folder / "example.org.pem").write_bytes(chain + issued.private_key_pem.bytes())
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@asynccontextmanager
async def behind(
    proxy: Proxy, folder: Path, but: tuple[str, str] = ("", ""), **options: Any
) -> AsyncIterator[Behind]:
    """A gateway behind the proxy, until the block is left; ``but`` is changed in its words."""
    program = shutil.which(proxy.program, path="/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin")
    if program is None:
        pytest.skip(f"{proxy.program} is not installed here")
    trusting = _certified(folder)
    async with serve(MemoryStore(), limits=LIMITS, **options) as gateway:
        site = Site(folder, _free_port(), gateway.port)
        arguments = proxy.arguments(site)
        config = folder / "config"
        config.write_text(config.read_text(encoding="utf-8").replace(*but), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            env={"HOME": str(folder)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        try:
            said = b""
            async with asyncio.timeout(PATIENCE_SECONDS):
                while proxy.ready not in said:
                    line = await process.stderr.readline()
                    assert line, f"{proxy.program} ended: {said.decode()}"
                    said += line
            yield Behind(gateway, site.port, trusting)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.communicate()


@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.program)
async def test_players_are_seen_by_their_own_addresses(proxy: Proxy, tmp_path: Path) -> None:
    """Two players come through TLS, each counted by its own address, whatever it claims to be."""
    seen: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        context = event["requestContext"]
        if context["eventType"] == "MESSAGE":
            loop.call_soon_threadsafe(seen.put_nowait, context["identity"]["sourceIp"])
        return {"body": event.get("body")}

    claims = {"X-Forwarded-For": "192.0.2.9", "Forwarded": "for=192.0.2.9"}
    async with (
        behind(proxy, tmp_path, invoke=invoke) as site,
        site.player("127.0.0.2") as ada,
        site.player("127.0.0.3", **claims) as bob,
    ):
        for client, address in ((ada, "127.0.0.2"), (bob, "127.0.0.3")):
            await client.ask(type="ping")
            assert await seen.get() == address
        # Each has the one connection of its address; a third address has its own.
        with pytest.raises(InvalidStatus) as refused:
            async with site.player("127.0.0.2", **claims):
                pass
        assert refused.value.response.status_code == 429
        async with site.player("127.0.0.4"):
            pass
        assert await site.status("/health") == await site.status("/health", "HEAD") == 200
        assert await site.status("/metrics") == 404


async def test_nginx_without_the_upgrade_is_told_of(tmp_path: Path) -> None:
    """The usual mistake of a proxy's configuration is told to whoever plays, in a sentence."""
    upgrade = "proxy_set_header Upgrade $http_upgrade;"
    async with behind(PROXIES[0], tmp_path, but=(upgrade, "")) as site:
        with pytest.raises(InvalidStatus) as refused:
            async with site.player("127.0.0.2"):
                pass
    assert refused.value.response.status_code == 426
    assert b"does not pass on the headers Upgrade" in (refused.value.response.body or b"")
