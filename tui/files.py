"""Files that are always whole."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Writes a file as a whole, for its owner's eyes only; whoever reads it never sees half of it.

    Raises:
        OSError: the file is as it was.
    """
    path = path.resolve()  # a link to a file kept elsewhere stays a link
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes a file that only its owner can read.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    with contextlib.ExitStack() as unwritten:
        unwritten.callback(Path(name).unlink, missing_ok=True)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
        unwritten.pop_all()
