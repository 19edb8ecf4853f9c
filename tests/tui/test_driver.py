"""Whatever a terminal sends, the game goes on; where the terminal is gone, it ends."""

import errno
import os
import random
import signal
import sys
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from textual import events
from textual.message import Message

if sys.platform == "win32":
    pytest.skip("a terminal of another kind", allow_module_level=True)

from tui.driver import TerminalDriver, _Lossy, decoder_of, driver_for


class Sent(TerminalDriver):
    """The driver of a terminal that sends these bytes, and then is gone."""

    def __init__(self, sent: bytes) -> None:
        self._sent = [sent[at : at + 7] for at in range(0, len(sent), 7)]
        self._debug = False
        self.fileno, other = os.openpty()
        os.close(other)
        self.exit_event = Event()
        self.heard: list[Message] = []
        self.hung_up = False

    def process_message(self, message: Message) -> None:
        self.heard.append(message)

    def _read(self) -> bytes:
        return self._sent.pop(0) if self._sent else super()._read()

    def _hang_up(self) -> None:
        self.hung_up = True

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.heard if isinstance(message, events.Key)]


def run(sent: bytes) -> Sent:
    driver = Sent(sent)
    try:
        driver.run_input_thread()
    finally:
        os.close(driver.fileno)
    return driver


BYTES = {
    "an é of Latin-1": b"\xe9 ",
    "a UTF-8 letter cut short": b"\xe2\x82 ",
    "bytes of no encoding": b"\xff\xfe\xc0\x80",
    "a click right of column 95": b"\x1b[M \xa0\x30",
    "a click right of column 95, below row 95": b"\x1b[M \xc3\xe0",
    "a key beyond all characters": b"\x1b[99999999;1u",
    "a size of nothing": b"\x1b[48;0;0;0;0t",
    "half a sequence": b"\x1b[<",
    "a paste that never ends": b"\x1b[200~ \xe9 \x1b[201~",
    "a zero": b"\x00",
}


@pytest.mark.parametrize("sent", BYTES.values(), ids=BYTES)
def test_a_byte_that_is_no_text(sent: bytes) -> None:
    """No byte of a terminal ends the game, and the keys after it are heard."""
    driver = run(sent + b"\x1b[A\x1b[B" + b"q")
    assert driver.keys[-1] == "q"
    assert driver.hung_up


def test_any_bytes() -> None:
    """Nothing that a terminal could send ends the game."""
    chance = random.Random(1)  # noqa: S311 (the same at each run)
    pieces = [b"\x1b", b"[", b"M", b"<", b";", b"0", b"9", b"u", b"~", b"t", b"m", b"?", b"$y"]
    for _ in range(300):
        sent = b"".join(
            chance.choice([*pieces, chance.randbytes(1)]) for _ in range(chance.randrange(40))
        )
        assert run(sent).hung_up


@pytest.mark.parametrize(
    ("encoding", "sent", "text"),
    [
        ("utf-8", "é€".encode(), "é€"),
        ("utf-8", b"\xe9x", "\ufffdx"),
        ("iso8859-1", b"\xe9x", "éx"),
        ("ascii", "é".encode(), "é"),
        ("ANSI_X3.4-1968", b"\xe9x", "\ufffdx"),
    ],
)
def test_a_terminal_of_another_encoding(encoding: str, sent: bytes, text: str) -> None:
    """What is typed in a Latin-1 terminal is what was typed; what is no text is replaced."""
    decoder = decoder_of(encoding)
    assert "".join(decoder.decode(bytes([byte])) for byte in sent) == text


@pytest.mark.parametrize("number", [errno.EIO, errno.ENXIO, errno.EBADF])
def test_a_terminal_that_is_gone(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """End of file, and whatever the system says of a terminal without an other end, end the app."""
    asked: list[tuple[Any, ...]] = []

    class App:
        exit = "exit"

        def call_later(self, *call: Any, **options: Any) -> None:
            asked.append((*call, options))

    def fail(_descriptor: int, _most: int) -> bytes:
        raise OSError(number, os.strerror(number))

    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    driver = Sent(b"")
    driver._app = App()  # type: ignore[assignment]  # what is asked of it is all that counts
    with monkeypatch.context() as gone:
        gone.setattr(os, "read", fail)
        with pytest.raises(EOFError):
            driver._read()
    TerminalDriver._hang_up(driver)
    os.close(driver.fileno)
    assert asked == [("exit", {"return_code": 129})]
    assert alarms == [5]


def test_a_job_stops_once_the_terminal_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl+Z stops the game together with the make that runs it, when nothing is left to do."""
    done: list[object] = []
    driver = Sent(b"")
    os.close(driver.fileno)
    driver._auto_restart = True
    monkeypatch.setattr(
        driver,
        "suspend_application_mode",
        lambda: done.append(signal.getsignal(signal.SIGTTOU)),
    )
    monkeypatch.setattr(os, "killpg", lambda *asked: done.append(asked))
    before = signal.getsignal(signal.SIGTTOU)
    driver._sigtstp_application()
    assert done == [signal.SIG_IGN, (os.getpgrp(), signal.SIGSTOP)]
    assert signal.getsignal(signal.SIGTTOU) == before


def test_nobody_waits_for_a_terminal_that_is_gone() -> None:
    """What cannot be drawn any more is lost, and whoever draws is not told."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as file:  # noqa: PTH123 (a descriptor)
        lossy = _Lossy(file)
        lossy.write("x" * 100_000)
        lossy.flush()
        assert lossy.fileno() == writing
        os.dup2(os.open(os.devnull, os.O_WRONLY), writing)


def test_only_the_terminals_own_driver_is_replaced() -> None:
    """In a browser, and in tests, Textual's drivers are used as they are."""
    other: Callable[..., object] = object
    assert isinstance(other, type)
    assert driver_for(other) is other
