"""The game in a browser: a page on this machine, and one app of its own behind each tab."""
