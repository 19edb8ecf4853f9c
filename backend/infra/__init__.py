"""The AWS stack. The only importer of aws_cdk; of the project it knows `shared.messages` only.

The function's code is named by strings: nothing else of the backend runs here.
"""

import os

from backend.infra.node import NODE

# Before aws_cdk is imported, which starts jsii.
os.environ.setdefault("JSII_NODE", str(NODE))
