"""What a player reads, as pure functions. Imports shared and the client's state; no Textual."""
