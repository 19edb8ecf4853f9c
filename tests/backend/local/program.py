"""The embedded gateway as a program of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 60


@dataclass
class Program:
    """A running ``python -m backend.local``."""

    process: asyncio.subprocess.Process
    line: str
    life: list[str] = field(default_factory=list)
    """What it logged of its life, without the times; known when it has ended."""

    @property
    def url(self) -> str:
        return self.line.removeprefix("listening on ")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    async def drain(self) -> None:
        """Reads what it complains of until it ends, so that it never waits for its reader."""
        await self.process.communicate()

    async def ended(self) -> tuple[int, str, str]:
        """Waits for the end: status, what else was printed, what was complained of.

        Its `life` is none of these.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, err = await self.process.communicate()
        status = self.process.returncode
        assert status is not None
        complaints = []
        for line in err.decode().splitlines(keepends=True):
            time, is_life, said = line.partition(" INFO ")
            if is_life:
                self.life.append(said.rstrip("\n"))
            else:
                complaints.append(time)
        return status, out.decode(), "".join(complaints)


def resident_bytes(program: Program) -> int:
    """Memory of the gateway; 0 where the system does not tell."""
    try:
        pages = Path(f"/proc/{program.process.pid}/statm").read_text(encoding="ascii").split()[1]
    except FileNotFoundError:
        return 0
    return 4096 * int(pages)


async def start(*arguments: str | Path, before: str = "") -> Program:
    """Starts the program without waiting until it listens.

    ``before`` is Python that runs in its process first.
    """
    run = f"import runpy, sys; {before}; runpy.run_module('backend.local', run_name='__main__')"
    program = ("-c", run) if before else ("-m", "backend.local")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*program, *map(str, arguments)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return Program(process, "")


@asynccontextmanager
async def running(
    data: Path, *arguments: str, port: int = 0, before: str = ""
) -> AsyncIterator[Program]:
    """The program once it listens; killed at the end if it still runs."""
    program = await start("--data", data, "--port", str(port), *arguments, before=before)
    assert program.process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            program.line = (await program.process.stdout.readline()).decode().rstrip("\n")
        yield program
    finally:
        if program.process.returncode is None:
            program.process.kill()
            await program.process.communicate()
