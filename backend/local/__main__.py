"""``python -m backend.local``: the embedded gateway."""

import sys

from backend.local.process import main

sys.exit(main())
