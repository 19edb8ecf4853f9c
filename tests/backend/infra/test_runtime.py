"""The packaged function in Amazon's own runtime client, on each Python that it is made for here."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from backend.infra import asset
from backend.infra.settings import PythonVersion, Settings
from benchmarks.cold_start import ENVIRONMENT
from tests.backend.aws import broken
from tests.backend.aws.bench import event
from tests.backend.aws.emulator import emulator
from tests.backend.infra.deployment import own_platform
from tests.backend.infra.runtime_api import Function, running
from tests.backend.infra.synthesis import synthesise

pytest.importorskip("awslambdaric", reason="Amazon makes its runtime for Linux only")

# Pure Python, the same for every version: what Lambda's image brings.
PURE = (
    *("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3"),
    *("simplejson", "snapshot_restore_py.py"),
)
OWN: Any = own_platform()["python"]
START = """
import sys
sys.path[:0] = sys.argv[1:]
from awslambdaric.__main__ import main
main(["awslambdaric", "{handler}"])
"""


@cache
def interpreter(version: str) -> str | None:
    """A Python of this version on this machine, if there is one."""
    if version == OWN:
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    found: list[str | Path | None] = [shutil.which(f"python{version}")]
    found += sorted(pyenv.glob(f"{version}.*/bin/python3"))
    for candidate in found:
        if candidate is None:
            continue
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return str(candidate)
    return None


@pytest.fixture(scope="module", params=sorted({OWN, Settings().python}))
def python(request: pytest.FixtureRequest) -> PythonVersion:
    version: PythonVersion = request.param
    if interpreter(version) is None:
        pytest.skip(f"there is no Python {version} on this machine")
    return version


@pytest.fixture(scope="module")
def image(python: PythonVersion, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda's image has beside the function: its runtime client and boto3."""
    folder = tmp_path_factory.mktemp(f"image-{python}")
    settings = Settings(**{**own_platform(), "python": python})  # type: ignore[arg-type] # as text
    with zipfile.ZipFile(asset.wheel("awslambdaric", settings)) as client:
        client.extractall(folder)
    packages = Path(sysconfig.get_path("purelib"))
    for package in PURE:
        (folder / package).symlink_to(packages / package)
    return folder


@contextmanager
def function(
    python: PythonVersion, image: Path, table_url: str, **environment: str
) -> Iterator[Function]:
    """The asset for this Python, run by that Python, with a table at this address."""
    code = synthesise(**{**own_platform(), "python": python}).code
    program = START.format(handler=asset.HANDLER)
    command = [interpreter(python) or "", "-I", "-S", "-B", "-c", program, str(code), str(image)]
    with broken.serving(broken.answer(200, "")) as callback:
        surroundings = {
            **ENVIRONMENT,
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_DYNAMODB": table_url,
            "CALLBACK_URL": callback,
            "AWS_LAMBDA_FUNCTION_NAME": "noughts-tui",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            **environment,
        }
        with running(command, surroundings) as started:
            yield started


def counts(lines: list[dict[str, Any]]) -> dict[str, int]:
    """The sums of the metrics among what was printed."""
    sums: dict[str, int] = {}
    for line in lines:
        for described in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in described["Metrics"]:
                sums[metric["Name"]] = sums.get(metric["Name"], 0) + line[metric["Name"]]
    return sums


def logged(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(line["level"], line["message"]) for line in lines if "level" in line]


def message(**request: str) -> dict[str, Any]:
    fields = ", ".join(f'"{name}": "{value}"' for name, value in request.items())
    return event("MESSAGE", "Fx3kq9dLIAMCJTw=", body="{" + fields + "}")


def test_amazons_runtime_runs_the_function(python: PythonVersion, image: Path) -> None:
    """A game is started on the emulator's table, a frame is refused, and each call is counted."""
    aws = emulator()
    with function(python, image, aws.url, TABLE_NAME=aws.new_table()) as running_function:
        kind, started = running_function.invoke(message(type="start", ref="r"))
        assert (kind, started["statusCode"]) == ("response", 200)
        assert '"type":"init"' in started["body"]
        kind, refused = running_function.invoke(message(type="fly"))
        assert '"code":"unknown_type"' in refused["body"]
        assert running_function.invoke(event("DISCONNECT", "Gx3kq9dLIAMCJTw=")) == (
            "response",
            {"statusCode": 200},
        )
        lines = running_function.lines()
    sums = counts(lines)
    assert sums.pop("Alive") in {1, 2}
    assert sums == {"GamesStarted": 1, "RequestsRefused": 1}
    assert logged(lines) == []


def test_a_fault_is_logged_once_and_counted_each_time(python: PythonVersion, image: Path) -> None:
    """A broken table is two lines of JSON without what was asked, and a count for each request."""
    with (
        broken.serving(broken.error(403, "AccessDeniedException")) as url,
        function(python, image, url) as running_function,
    ):
        for _ in range(5):
            kind, answer = running_function.invoke(message(type="ping", id="K7QF2M", ref="r"))
            assert (kind, '"code":"internal"' in answer["body"]) == ("response", True)
        lines = running_function.lines()
    assert logged(lines) == [
        ("WARNING", "get_item failed: 403 AccessDeniedException"),
        ("ERROR", "a request failed"),
    ]
    [fault] = [line for line in lines if line.get("level") == "ERROR"]
    assert (fault["errorType"], fault["requestId"]) == ("ClientError", "1")
    sums = counts(lines)
    assert sums.pop("Alive") in {1, 2}
    assert sums == {"Faults": 5, "TableFailures": 5}
    assert "K7QF2M" not in str(lines)


def test_what_is_no_event_fails_the_call(python: PythonVersion, image: Path) -> None:
    """What no WebSocket API sends is an error of the call, and the next call is served."""
    bad: list[object] = [{}, {"requestContext": {"eventType": "TELEGRAM"}}, [], None]
    with function(python, image, broken.closed_port()) as running_function:
        for sent in bad:
            kind, told = running_function.invoke(sent)
            assert (kind, told["errorType"]) == ("error", "BadEvent"), sent
            kind, answer = running_function.invoke(message(type="ping", ref="r"))
            assert (kind, '"type":"pong"' in answer["body"]) == ("response", True)


def test_a_function_that_cannot_be_loaded_says_so(python: PythonVersion, image: Path) -> None:
    """Told nonsense by its stack, the function ends with an error that Lambda counts."""
    with function(python, image, broken.closed_port(), GAME_LIFE_SECONDS="six") as running_function:
        kind, told = running_function.told()
        assert (kind, told["errorType"]) == ("init/error", "ValueError")
        assert running_function.ended() == 1
