"""The protocol as promises that any server can be held to: `noughts-tui conformance URL`.

Plays over raw frames and never over the client, so that neither hides a fault of the other. Imports
shared and websockets; no Textual.
"""
