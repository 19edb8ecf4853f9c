"""How the full screen is driven by a terminal: as Textual does, and by any byte that it sends."""

import codecs
import contextlib
import logging
import os
import selectors
import signal
import sys
from collections.abc import Iterator
from typing import IO, Any, Final, cast

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tui.terminal import real_size

_log: Final = logging.getLogger(__name__)

_ENDED: Final = 128 + signal.SIGHUP
_END_SECONDS: Final = 5
_CHUNK: Final = 4096
_TICK_SECONDS: Final = 0.1
_SENSELESS: Final = (ArithmeticError, LookupError, ParseError, StopIteration, ValueError)
"""What Textual's parser raises on sequences that no terminal should send."""


def decoder_of(encoding: str) -> codecs.IncrementalDecoder:
    """Reads a terminal's bytes; what is none of its characters is replaced.

    A Latin-1 terminal sends single bytes, and so does every mouse of the X10 kind.
    """
    name = codecs.lookup(encoding).name
    # A plain locale says nothing of what the terminal sends.
    return codecs.getincrementaldecoder("utf-8" if name == "ascii" else name)(errors="replace")


class _Lossy:
    """A terminal that may be gone: what it does not take is lost, and nobody waits."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.fileno = file.fileno

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._file.flush()


class TerminalDriver(LinuxDriver):
    """Takes whatever a terminal sends, and ends the app when the terminal has gone away."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        if self._file is not None:
            self._file = cast("Any", _Lossy(self._file))

    def _sigtstp_application(self, *_: object) -> None:
        """Leaves the terminal as it was, and then stops, with whoever stands in the same job.

        The shell knows ``make``, and not what it runs. It takes the terminal back when its job
        stops, so that nothing may be left to do by then.
        """
        if self._auto_restart:
            # From the background, too, as when all of the job was told to stop at once.
            before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            self.suspend_application_mode()
            signal.signal(signal.SIGTTOU, before)
            self._must_signal_resume = True
        os.killpg(os.getpgrp(), signal.SIGSTOP)

    def _get_terminal_size(self) -> tuple[int, int]:
        # What COLUMNS and LINES say counts only where the terminal says nothing.
        size = real_size()
        return (size.columns, size.lines) if size else super()._get_terminal_size()

    def run_input_thread(self) -> None:
        """Waits for input and dispatches events until the app ends, or the terminal is gone."""
        decoder = decoder_of(getattr(sys.__stdin__, "encoding", None) or "utf-8")
        parser = XTermParser(self._debug)
        try:
            for data in self._input():
                try:
                    self._dispatch(parser, decoder.decode(data))
                except _SENSELESS:
                    _log.warning("the terminal sent what makes no sense: %r", data)
                    parser = XTermParser(self._debug)
        except EOFError:
            self._hang_up()

    def _dispatch(self, parser: XTermParser, text: str) -> None:
        for event in parser.feed(text) if text else ():
            self.process_message(event)
        for event in parser.tick():
            self.process_message(event)

    def _input(self) -> Iterator[bytes]:
        """What the terminal sends, and nothing now and then.

        Raises:
            EOFError: the terminal will never send anything again.
        """
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(_TICK_SECONDS)
                yield self._read() if ready else b""

    def _read(self) -> bytes:
        try:
            data = os.read(self.fileno, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:  # the other end of a pseudo-terminal is closed
            raise EOFError from error
        if not data:
            raise EOFError
        return data

    def _hang_up(self) -> None:
        # Nothing can be drawn any more, and whoever tries may wait for ever.
        signal.alarm(_END_SECONDS)
        self._app.call_later(self._app.exit, return_code=_ENDED)


def driver_for(found: type[Any]) -> type[Any]:
    """The driver to use where Textual would use the one that it found."""
    return TerminalDriver if found is LinuxDriver else found
