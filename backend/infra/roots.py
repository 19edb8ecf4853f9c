"""Renews `backend/aws/roots.pem`: ``python -m backend.infra.roots``.

AWS's endpoints are signed below the five roots of Amazon Trust Services. They are taken by their
subjects from the bundle that botocore ships, which is Mozilla's.
"""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from backend.infra.asset import ROOT

FILE: Final = ROOT / "backend" / "aws" / "roots.pem"
SUBJECTS: Final = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
_CERTIFICATE: Final = re.compile(
    r"^# Subject: CN=(?P<subject>.*?) O=.*?^(?P<pem>-----BEGIN.*?^-----END CERTIFICATE-----)$",
    re.MULTILINE | re.DOTALL,
)


def bundle() -> Path:
    """The certificates that botocore trusts."""
    library = find_spec("botocore")
    if library is None or library.origin is None:
        raise LookupError("botocore is not installed")
    return Path(library.origin).with_name("cacert.pem")


def roots() -> str:
    """Amazon's roots, in the order of `SUBJECTS`."""
    found = {one["subject"]: one["pem"] for one in _CERTIFICATE.finditer(bundle().read_text())}
    return "".join(f"# {subject}\n{found[subject]}\n" for subject in SUBJECTS)


if __name__ == "__main__":
    FILE.write_text(roots())
