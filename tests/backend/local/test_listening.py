"""Where a gateway listens, and what others type to reach it."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.local import listening
from backend.local.listening import CannotListen, is_local, listen, ports, typeable


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def opened(closing: ExitStack, hosts: Sequence[str], port: int = 0) -> list[tuple[str, int]]:
    found = listen(hosts, port)
    for each in found:
        closing.callback(each.close)
    return [each.getsockname()[:2] for each in found]


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@needs_ipv6
def test_all_hosts_have_one_port(closing: ExitStack) -> None:
    """Of several addresses each has the same port, free or named."""
    found = opened(closing, ["127.0.0.1", "::1", "127.0.0.2", "127.0.0.1"])
    assert [host for host, _ in found] == ["127.0.0.1", "::1", "127.0.0.2"]
    assert len({port for _, port in found}) == 1


@needs_ipv6
def test_two_colons_are_both_families(closing: ExitStack) -> None:
    """``--host ::`` lets in those who have IPv6 and those who have not."""
    found = opened(closing, ["::"])
    assert [host for host, _ in found] == ["::", "0.0.0.0"]  # noqa: S104 (both are asked for)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as client:
            client.connect((host, found[0][1]))


def test_without_ipv6_two_colons_are_ipv4(
    closing: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without IPv6 serves those that it can."""
    listen_at = listening._listen_at

    def listen_without_ipv6(where: listening.Where, port: int) -> socket.socket:
        if where[0] == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return listen_at(where, port)

    monkeypatch.setattr(listening, "_listen_at", listen_without_ipv6)
    monkeypatch.setattr(listening, "_ABSENT", {97})
    assert [host for host, _ in opened(closing, ["::"])] == ["0.0.0.0"]  # noqa: S104 (it is asked for)
    with pytest.raises(CannotListen, match="not supported"):
        listen(["::1"], 0)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "", "a" * 70, "::2"])
def test_a_host_that_is_not_here_is_said_so(host: str) -> None:
    """An address of another machine, or no address, is one sentence that names it."""
    with pytest.raises(CannotListen) as refused:
        listen(["127.0.0.1", host], 0)
    assert str(refused.value).startswith(f"cannot listen on {listening.with_port(host, 0)[:-2]}")
    assert str(refused.value).endswith(".")


def test_a_port_that_is_taken_is_said_so(closing: ExitStack) -> None:
    """Another program on the port is one sentence that names both."""
    [(_, port)] = opened(closing, ["127.0.0.1"])
    with pytest.raises(CannotListen) as refused:
        listen(["127.0.0.1"], port)
    assert str(refused.value) == (
        f"cannot listen on 127.0.0.1:{port}: another program listens there."
    )


def test_a_unix_socket_is_for_its_group(tmp_path: Path, closing: ExitStack) -> None:
    """The socket is open to its owner and its group, and to nobody else."""
    [found] = listen((), 0, tmp_path / "s")
    closing.callback(found.close)
    assert (tmp_path / "s").stat().st_mode & 0o777 == 0o660
    assert list(ports([found])) == []


def test_a_unix_socket_outlives_a_kill(tmp_path: Path, closing: ExitStack) -> None:
    """What a killed gateway left is taken over; what somebody listens on, or a file, is not."""
    path = tmp_path / "s"
    listen((), 0, path)[0].close()
    [again] = listen((), 0, path)
    closing.callback(again.close)
    with pytest.raises(CannotListen, match="another program listens there"):
        listen((), 0, path)
    (tmp_path / "file").write_text("precious")
    with pytest.raises(CannotListen, match="a file of this name exists"):
        listen((), 0, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"
    with pytest.raises(CannotListen, match="cannot listen on"):
        listen((), 0, tmp_path / ("a" * 200))


@pytest.mark.parametrize(
    ("hosts", "typed"),
    [
        (["127.0.0.1"], ["127.0.0.1"]),
        (["0.0.0.0"], ["192.0.2.7", "127.0.0.1"]),  # noqa: S104 (what an operator may say)
        (["::"], ["192.0.2.7", "2001:db8::7", "127.0.0.1"]),
        (["127.0.0.1", "play.example"], ["play.example", "127.0.0.1"]),
        (["::1", "0.0.0.0"], ["192.0.2.7", "::1", "127.0.0.1"]),  # noqa: S104 (as above)
        ([], []),
    ],
)
def test_what_others_can_type(
    hosts: list[str], typed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of all addresses stand those of the machine, those for others first."""
    addresses = {socket.AF_INET: "192.0.2.7", socket.AF_INET6: "2001:db8::7"}
    monkeypatch.setattr(
        listening, "_address_towards", lambda family, _: addresses[socket.AddressFamily(family)]
    )
    monkeypatch.setattr(socket, "gethostname", lambda: "no.such.host.invalid")
    assert typeable(hosts) == typed


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("192.0.2.7", False),
        ("example.org", False),
        ("0.0.0.0", False),  # noqa: S104 (what an operator may say)
    ],
)
def test_what_leads_to_this_machine_alone(host: str, local: bool) -> None:
    """Loopback is 127/8 and ::1 under every name."""
    assert is_local(host) is local
