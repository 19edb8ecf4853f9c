"""The client without a screen: one connection kept alive, and what is known through it."""
