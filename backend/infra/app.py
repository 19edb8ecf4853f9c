"""The CDK app that ``cdk.json`` names. Synthesis needs no account."""

from aws_cdk import App

from backend.infra.probe import ProbeStack
from backend.infra.settings import Settings
from backend.infra.stack import NoughtsStack


def build(app: App) -> NoughtsStack:
    """The stack, with the settings that the app's context holds."""
    settings = Settings.read({name: app.node.try_get_context(name) for name in Settings.names()})
    if settings.probe:
        ProbeStack(app, f"{settings.name}-probe")
    return NoughtsStack(app, settings.name, settings)


if __name__ == "__main__":
    _app = App()
    build(_app)
    _app.synth()
