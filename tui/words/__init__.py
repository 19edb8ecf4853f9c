"""What a player reads, as pure functions."""
