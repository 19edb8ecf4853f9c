"""The Lambda function: everything is made once, when this module is imported. Imports backend.aws.

The environment says where things are. The platform writes logs as JSON; only warnings and what is
worse get there, and they hold no frames, tokens or addresses.
"""

import logging
import os
from typing import Final

from botocore.session import Session

from backend.aws.wiring import Surroundings, assemble
from backend.handlers.entry import Handler

logging.getLogger().setLevel(logging.WARNING)
handler: Final[Handler] = assemble(Session(), Surroundings.read(os.environ))
