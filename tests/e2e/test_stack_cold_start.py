"""What a cold start loads. How long that takes is `benchmarks/cold_start.py`'s to say."""

import subprocess
import sys

from benchmarks.cold_start import ENVIRONMENT

WIRED = """
import sys
import backend.aws.main
print(*sorted({name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)))
"""
BOTOCORE = {"botocore", "dateutil", "jmespath", "six", "urllib3"}


def test_a_cold_start_loads_botocore_and_msgspec() -> None:
    """The function loads what makes its two calls, its own code and msgspec, and no more."""
    loaded = subprocess.check_output([sys.executable, "-c", WIRED], env=ENVIRONMENT, text=True)
    installer = {"_distutils_hack", "typing_extensions", "__main__"}
    assert set(loaded.split()) - installer == BOTOCORE | {"backend", "shared", "msgspec"}
