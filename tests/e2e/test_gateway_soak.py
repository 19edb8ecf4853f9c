"""Many tables at a gateway that fails on purpose, for a while: nothing is lost, little is kept."""

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from backend.core.game import Moment
from backend.local.sqlite import SqliteStore
from tests.backend.local.program import Program, resident_bytes, running
from tests.backend.local.stubborn import Stubborn
from tests.proofs.counts import count

SEED = 4
TABLES = count(12, 500)
SECONDS = count(4, 120)
LONGER = 10
"""How many times as long it may take until the first game is over."""
PATIENCE = count(1, 10)
GROWTH_BYTES = 60_000_000
MET = ("games", "moves", "drops", "resumes", "silences", "busy", "internal")
"""What a report always says; the last three are errors."""


@dataclass
class Report:
    """What the players met. ``moves`` are the acknowledged histories by game."""

    met: Counter[str] = field(default_factory=Counter)
    moves: dict[str, list[str]] = field(default_factory=dict)

    def note(self, player: Stubborn) -> None:
        self.met.update(player.met, moves=len(player.acknowledged))
        if player.id:
            self.moves.setdefault(player.id, []).extend(player.acknowledged)


async def keep_a_table(url: str, chance: Random, report: Report) -> None:
    """Two play game after game."""
    while True:
        ada, bob = (Stubborn(url, chance, PATIENCE) for _ in range(2))
        try:
            await _play(ada, bob)
        finally:
            report.note(ada)
            report.note(bob)
        report.met["games"] += 1


async def _play(ada: Stubborn, bob: Stubborn) -> None:
    keys = [f"{ada.chance.getrandbits(70):022}" for _ in range(2)]
    async with asyncio.TaskGroup() as both:
        hosting = both.create_task(ada.play({"type": "start", "key": keys[0]}))
        await ada.seated.wait()
        joining = both.create_task(bob.play({"type": "join", "id": ada.id, "key": keys[1]}))
    ends = (hosting.result(), joining.result())
    assert ends[0]["moves"] == ends[1]["moves"]


async def soak(program: Program, report: Report) -> None:
    chances = [Random(f"{SEED}/{number}") for number in range(TABLES)]  # noqa: S311 (repeatable)
    tables = [asyncio.create_task(keep_a_table(program.url, chance, report)) for chance in chances]
    for _ in range(LONGER):
        failed, _ = await asyncio.wait(tables, timeout=SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        if failed or report.met["games"]:
            break
    for table in tables:
        table.cancel()
    await asyncio.wait(tables)
    for table in failed:
        await table


async def test_many_tables_through_chaos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables at which everything fails at times lose no move, and the gateway does not grow."""
    report = Report()
    async with running(tmp_path, "--rate", "0", "--chaos", str(SEED)) as program:
        reading = asyncio.create_task(program.drain())
        at_start = resident_bytes(program)
        await soak(program, report)
        at_end = resident_bytes(program)
        program.process.terminate()
        await reading
    with capsys.disabled():
        met = {what: report.met[what] for what in MET} | dict(report.met)
        print(f"\n{TABLES} tables, {SECONDS} s: {met}")  # noqa: T201 (a report)
        print(f"memory: {at_start:,} bytes at the start, {at_end:,} at the end")  # noqa: T201 (a report)
    with closing(SqliteStore(tmp_path / "games.sqlite3")) as store:
        for code, histories in report.moves.items():
            match = store.load(code, Moment(0, 0))
            assert match is not None
            assert all(match.moves.startswith(moves) for moves in histories), (SEED, code)
    assert report.met["games"] > 0
    assert at_end - at_start < GROWTH_BYTES
