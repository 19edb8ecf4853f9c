"""What a cold start loads. How long that takes is `make bench ARGS=cold_start`'s to say."""

import subprocess
import sys

import pytest

from benchmarks.cold_start import ENVIRONMENT

WIRED = """
import sys
import backend.aws.main
print(*sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""
READ = """
import sys
read = []
sys.addaudithook(lambda event, args: event == "open" and read.append(str(args[0])))
import backend.aws.main
print(*sorted({path.rpartition("/data/")[2] for path in read if "/botocore/data/" in path}))
"""
FROZEN = """
import gc
import backend.aws.main
print(gc.get_freeze_count() > 10_000)
"""
BOTOCORE = {"botocore", "dateutil", "jmespath", "six", "urllib3"}
MODELS = {
    *(
        f"apigatewaymanagementapi/2018-11-29/{part}"
        for part in ("service-2", "endpoint-rule-set-1")
    ),
    *(f"dynamodb/2012-08-10/{part}" for part in ("service-2", "endpoint-rule-set-1")),
    *("partitions", "sdk-default-configuration"),
}


def said(program: str) -> list[str]:
    """What the program says, in a world in which the function finds what it needs."""
    return subprocess.check_output(
        [sys.executable, "-c", program], env=ENVIRONMENT, text=True
    ).split()


def test_a_cold_start_loads_botocore_and_msgspec() -> None:
    """The function loads what makes its two calls, its own code and msgspec, and no more."""
    # What only this machine has: botocore takes certifi where a tool of the tests brought it.
    elsewhere = {"_distutils_hack", "typing_extensions", "__main__", "certifi"}
    assert set(said(WIRED)) - elsewhere == BOTOCORE | {"backend", "shared", "msgspec"}


def test_a_cold_start_reads_two_models() -> None:
    """Of botocore's data the function reads that of its two services, and no list of all others."""
    assert {path.partition(".json")[0] for path in said(READ)} == MODELS


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="Lambda runs CPython")
def test_what_a_cold_start_made_is_never_looked_at_again() -> None:
    """The collector passes over what was made before the first call, at every call."""
    assert said(FROZEN) == ["True"]
