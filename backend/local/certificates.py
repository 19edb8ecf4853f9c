"""The server's certificate: read at the start, and again when it was renewed on the disk."""

import logging
import ssl
from pathlib import Path
from typing import Final

_log: Final = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


class BadCertificate(Exception):
    """The files hold no certificate with its key; the message says which and why."""


class Certificate:
    """A certificate and its key, in the files of that name.

    ``context`` is what a server speaks TLS with; `refresh` makes it speak with the renewed one,
    from the next connection on.

    Raises:
        BadCertificate: the files cannot be used.
    """

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._certificate, self._key = certificate, key
        self._files = (certificate,) if key is None else (certificate, key)
        self._stamp: _Stamp | None = None
        self._seen: _Stamp | None = None
        self.context = _context()
        self._load(self._stamp_now())

    def refresh(self) -> None:
        """Reads the files again if they have changed; what cannot be used is said once."""
        stamp = self._stamp_now()
        if stamp in {self._stamp, self._seen}:
            return
        try:
            self._load(stamp)
        except BadCertificate as error:
            _log.error("the renewed certificate is not used: %s", error)
        else:
            _log.info("the certificate was read again")
        self._seen = stamp

    def _load(self, stamp: _Stamp) -> None:
        # First into a context that nobody uses: between two renamings key and certificate differ.
        for context in (_context(), self.context):
            try:
                context.load_cert_chain(self._certificate, self._key, password=_no_password)
            except (OSError, ValueError) as error:  # a wrong file is an ssl.SSLError, an OSError
                raise BadCertificate(self._why(error)) from None
        self._stamp = stamp

    def _why(self, error: Exception) -> str:
        files = " and ".join(str(path) for path in self._files)
        for path in self._files:
            try:
                path.open("rb").close()
            except OSError as unread:
                return f"{path} cannot be read: {unread.strerror or unread}."
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            return f"{files} do not belong together."
        if isinstance(error, _Encrypted):
            return (
                f"the key in {self._files[-1]} is encrypted; a server needs it without a password."
            )
        return f"{files}: no certificate with its key, in PEM."

    def _stamp_now(self) -> _Stamp:
        stamps = []
        for path in self._files:
            try:
                found = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        return tuple(stamps)


class _Encrypted(ValueError):
    pass


def _no_password() -> str:
    raise _Encrypted


def _context() -> ssl.SSLContext:
    return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
