"""What every test shares: properties are tried on the same examples in every run."""

import signal

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci")

# A shell that runs the tests in the background lets them ignore Ctrl+C, and a server that the tests
# start would respect that. A handler of our own is none for a program that is started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
