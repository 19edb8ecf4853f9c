"""What a cold start loads. How long that takes is `benchmarks/cold_start.py`'s to say."""

import os
import subprocess
import sys

WIRED = """
import sys
import backend.aws.main
print(*sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""
SURROUNDINGS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "TABLE_NAME": "games",
    "CALLBACK_URL": "https://example.org/prod",
    "STACK_NAME": "noughts-tui",
    "GAME_LIFE_SECONDS": "21600",
}
BOTOCORE = {"botocore", "dateutil", "jmespath", "six", "urllib3"}


def test_a_cold_start_loads_botocore_and_msgspec() -> None:
    """The function loads what makes its two calls, its own code and msgspec, and no more."""
    environment = {"PATH": os.environ["PATH"], **SURROUNDINGS}
    loaded = subprocess.check_output([sys.executable, "-c", WIRED], env=environment, text=True)
    installer = {"_distutils_hack", "typing_extensions", "__main__"}
    assert set(loaded.split()) - installer == BOTOCORE | {"backend", "shared", "msgspec"}
