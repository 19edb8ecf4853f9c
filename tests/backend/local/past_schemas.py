"""The schema of every version of the file of games, as its first program wrote it."""

from typing import Final

PAST_SCHEMAS: Final = {
    1: """
CREATE TABLE games (
    id TEXT PRIMARY KEY, expires INTEGER NOT NULL, rev INTEGER NOT NULL, status TEXT NOT NULL,
    moves TEXT NOT NULL, winner TEXT,
    player_x TEXT, name_x TEXT NOT NULL, token_x TEXT NOT NULL, bound_at_x INTEGER NOT NULL,
    away_x TEXT, away_at_x INTEGER,
    player_o TEXT, name_o TEXT NOT NULL, token_o TEXT NOT NULL, bound_at_o INTEGER NOT NULL,
    away_o TEXT, away_at_o INTEGER,
    clock INTEGER NOT NULL, turn_at INTEGER NOT NULL, since INTEGER NOT NULL,
    listed INTEGER NOT NULL, lobby TEXT,
    series_x INTEGER NOT NULL, series_o INTEGER NOT NULL, series_drawn INTEGER NOT NULL,
    offer TEXT, next TEXT, watchers TEXT NOT NULL, emoted TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX games_by_player_x ON games (player_x) WHERE player_x IS NOT NULL;
CREATE INDEX games_by_player_o ON games (player_o) WHERE player_o IS NOT NULL;
CREATE INDEX games_watched ON games (id) WHERE watchers <> '[]';
CREATE INDEX games_by_lobby ON games (lobby, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_lobby_and_clock ON games (lobby, clock, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_expiry ON games (expires);
PRAGMA application_id = 1853387891;
PRAGMA user_version = 1;
""",
    2: """
CREATE TABLE games (
    id TEXT NOT NULL PRIMARY KEY, expires INTEGER NOT NULL, rev INTEGER NOT NULL,
    status TEXT NOT NULL, moves TEXT NOT NULL, winner TEXT, token_x TEXT NOT NULL,
    name_x TEXT NOT NULL, player_x TEXT, bound_at_x INTEGER NOT NULL, away_x TEXT,
    away_at_x INTEGER, token_o TEXT NOT NULL, name_o TEXT NOT NULL, player_o TEXT,
    bound_at_o INTEGER NOT NULL, away_o TEXT, away_at_o INTEGER, clock INTEGER NOT NULL,
    turn_at INTEGER NOT NULL, since INTEGER NOT NULL, listed INTEGER NOT NULL,
    series_x INTEGER NOT NULL, series_o INTEGER NOT NULL, series_drawn INTEGER NOT NULL,
    offer TEXT, next TEXT, watchers TEXT NOT NULL, emoted TEXT NOT NULL, replaced TEXT,
    lobby TEXT
) WITHOUT ROWID;
CREATE INDEX games_by_player_x ON games (player_x) WHERE player_x IS NOT NULL;
CREATE INDEX games_by_player_o ON games (player_o) WHERE player_o IS NOT NULL;
CREATE INDEX games_watched ON games (id) WHERE watchers <> '[]';
CREATE INDEX games_by_lobby ON games (lobby, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_lobby_and_clock ON games (lobby, clock, since) WHERE lobby IS NOT NULL;
CREATE INDEX games_by_expiry ON games (expires);
PRAGMA application_id = 1853387891;
PRAGMA user_version = 2;
""",
}
"""The first builds of version 1 had no table ``file`` beside it."""

PAST_GAME: Final = """
INSERT INTO games (
    id, expires, rev, status, moves, player_x, name_x, token_x, bound_at_x,
    player_o, name_o, token_o, bound_at_o, clock, turn_at, since, listed,
    series_x, series_o, series_drawn, watchers, emoted
) VALUES (
    'K7QF2M', 1700003600, 3, 'playing', '4', 'a', 'a', :token_x, 1700000000000,
    'b', 'b', :token_o, 1700000000000, 30, 1700000000000, 1700000000000, 1,
    1, 0, 2, '[]', '{}'
)
"""
"""A game as every version could write it."""
