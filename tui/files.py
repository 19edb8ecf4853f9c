"""Files that are always whole."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str, *, mode: int | None = None) -> None:
    """Writes a file as a whole; whoever reads it never sees half of it.

    Only its owner can read it, unless ``mode`` says otherwise. Line ends are written as they are.

    Raises:
        OSError: the file is as it was.
    """
    path = path.resolve()  # a link to a file kept elsewhere stays a link
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes a file that only its owner can read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    with contextlib.ExitStack() as unwritten:
        unwritten.callback(Path(name).unlink, missing_ok=True)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 (a descriptor)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        if mode is not None:
            Path(name).chmod(mode)
        Path(name).replace(path)
        unwritten.pop_all()
