"""How the app behind a tab is driven: as textual-serve does, and never without a tab."""

import os

from textual.drivers.web_driver import WebDriver


class TabDriver(WebDriver):
    """Ends the app when whoever served the page is gone.

    An app without a page would hold its seat, present and silent, until somebody finds it.
    """

    def run_input_thread(self) -> None:
        super().run_input_thread()
        if not self.exit_event.is_set():
            os._exit(1)  # as a closed terminal does: nothing can be drawn any more
