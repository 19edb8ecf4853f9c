"""The CDK app that ``cdk.json`` names. Synthesis needs no account."""

import sys

from aws_cdk import App

from backend.infra.probe import ProbeStack
from backend.infra.settings import InvalidSetting, Settings
from backend.infra.stack import NoughtsStack


def build(app: App) -> NoughtsStack:
    """The stack, with the settings that the app's context holds."""
    settings = Settings.read(app.node.get_all_context())
    if settings.probe:
        ProbeStack(app, f"{settings.name}-probe")
    return NoughtsStack(app, settings.name, settings)


if __name__ == "__main__":
    _app = App()
    try:
        build(_app)
    except InvalidSetting as error:
        sys.exit(f"noughts-tui: {error}")
    _app.synth()
