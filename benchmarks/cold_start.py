"""What a cold start costs: the packaged handler, beside boto3 with the two clients it would need.

Each run is a fresh interpreter, the two kinds alternate, and what counts is processor time, which
is what a small function has little of. The package has no bytecode, as it has none on Lambda, where
its folder cannot be written to. ``python -m benchmarks cold_start`` measures both.
"""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.infra import asset
from backend.infra.settings import Settings
from benchmarks.comparison import Row

RUNS: Final = 20
MOST: Final = 1.1

_BOTO3: Final = """
import boto3
boto3.client("dynamodb")
boto3.client("apigatewaymanagementapi", endpoint_url="https://example.org/prod")
"""
_HANDLER: Final = """
import backend.aws.main
"""
_TIMED: Final = """
import json, sys, time
sys.dont_write_bytecode = True
sys.path[:0] = json.loads(sys.argv[1])
began = time.perf_counter(), time.process_time()
{work}
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "TABLE_NAME": "games",
    "CALLBACK_URL": "https://abc.execute-api.eu-west-1.amazonaws.com/prod",
    "STACK_NAME": "noughts-tui",
    "GAME_LIFE_SECONDS": "21600",
    "HOME": os.devnull,
}
"""What the function finds around it, in a world where nothing is."""


def rows() -> list[Row]:
    boto3, handler = measured()
    return [
        Row(what="cold start on the clock", unit="ms", ours=handler.wall, beside=boto3.wall),
        Row(what="cold start, CPU", unit="ms", ours=handler.cpu, beside=boto3.cpu, most=MOST),
    ]


@dataclass(frozen=True)
class Runs:
    """Milliseconds of each run, on the clock and of the processor."""

    wall: Sequence[float]
    cpu: Sequence[float]


def measured(runs: int = RUNS) -> tuple[Runs, Runs]:
    """Runs of boto3 with two clients, and of the packaged handler, in turn."""
    with asset.built(own_settings()) as package:
        pairs = [(_run(_BOTO3), _run(_HANDLER, package)) for _ in range(runs)]
    boto3, handler = zip(*pairs, strict=True)
    return Runs(*zip(*boto3, strict=True)), Runs(*zip(*handler, strict=True))


def own_settings() -> Settings:
    """For a function that runs on this machine."""
    return Settings(
        python=f"{sys.version_info.major}.{sys.version_info.minor}",  # type: ignore[arg-type] # this one
        architecture="arm64" if os.uname().machine in {"aarch64", "arm64"} else "x86_64",
    )


def _run(work: str, *folders: Path) -> tuple[float, float]:
    path = [*map(str, folders), sysconfig.get_path("purelib")]
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TIMED.format(work=work), json.dumps(path)],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = map(float, ran.stdout.split())
    return 1000 * wall, 1000 * cpu
