"""The rules, over every game there is."""

from collections import Counter
from collections.abc import Iterator

import pytest

from shared.board import (
    CELL_NAMES,
    CELLS,
    EMPTY,
    LINES,
    Mark,
    Outcome,
    board,
    cell_of,
    followers,
    free,
    is_legal,
    outcome,
    outcome_of_board,
    tile_of,
    turn,
)


def boards() -> Iterator[tuple[str, int]]:
    """Every board that can be reached, with the number of histories that end in it."""
    level = {board(""): 1}
    while level:
        yield from level.items()
        after: Counter[str] = Counter()
        for cells, histories in level.items():
            for _, follower in followers(cells):
                after[follower] += histories
        level = after


def test_every_position_and_every_game_is_known() -> None:
    """There are 5,478 positions, 549,946 histories and 255,168 games, as the literature says."""
    reached = list(boards())
    ends: Counter[Mark | None] = Counter()
    for cells, histories in reached:
        if outcome_of_board(cells).over:
            ends[outcome_of_board(cells).winner] += histories
    assert len(reached) == len({cells for cells, _ in reached}) == 5_478
    assert sum(histories for _, histories in reached) == 549_946
    assert ends == {Mark.X: 131_184, Mark.O: 77_904, None: 46_080}
    assert ends.total() == 255_168


def test_every_outcome_agrees_with_a_plain_reading_of_the_board() -> None:
    """A line of three equal marks wins, a full board without one is drawn; no line is missed."""
    for cells, _ in boards():
        complete = tuple(
            line for line in LINES if "".join(cells[cell] for cell in line) in {"xxx", "ooo"}
        )
        assert outcome_of_board(cells) == Outcome(
            over=bool(complete) or EMPTY not in cells,
            winner=Mark(cells[complete[0][0]]) if complete else None,
            lines=complete,
        )


def test_no_position_has_two_winners_or_three_lines() -> None:
    """One move completes two lines at most, and both are its player's."""
    assert {len(outcome_of_board(cells).lines) for cells, _ in boards()} == {0, 1, 2}
    for cells, _ in boards():
        winners = {cells[line[0]] for line in outcome_of_board(cells).lines}
        assert len(winners) <= 1


def test_a_walk_by_history_meets_the_same_histories_as_the_walk_by_board() -> None:
    """Board, turn, free cells and legality of a history follow from its moves alone."""
    histories = [""]
    for history in histories:
        if len(history) < 5:
            histories += [f"{history}{cell}" for cell in free(history)]
    assert len(histories) == 1 + 9 + 72 + 504 + 3_024 + 15_120
    for history in histories:
        cells = board(history)
        assert is_legal(history)
        assert [cells.count(mark) for mark in "xo"] == [
            -(-len(history) // 2),
            len(history) // 2,
        ]
        assert turn(history) is (Mark.X if len(history) % 2 == 0 else Mark.O)
        assert free(history) == tuple(cell for cell, _ in followers(cells))
        assert outcome(history) == outcome_of_board(cells)


@pytest.mark.parametrize(
    "history",
    ["9", "00", "0a", "-1", " 0", "0 ", "\u0663", "\ud800", "0123456789", "031425", "03142586"],
)
def test_a_history_that_no_game_can_have_is_not_legal(history: str) -> None:
    """Strange cells, a cell played twice and a move after the end make no history."""
    assert not is_legal(history)


def test_nothing_can_be_played_after_the_end() -> None:
    """A won board has no free cells, though some are empty."""
    assert free("03142") == ()
    assert followers(board("03142")) == ()


def test_one_move_can_complete_two_lines() -> None:
    """Both lines of a double win are told."""
    assert outcome("012346578") == Outcome(over=True, winner=Mark.X, lines=((2, 5, 8), (0, 4, 8)))


def test_tiles_and_cells_are_two_names_of_the_same() -> None:
    """Every cell has one tile on the wire and one name for people."""
    assert [cell_of(tile_of(cell)) for cell in range(9)] == list(range(9))
    assert tile_of(5) == "1,2"
    assert len(set(CELL_NAMES)) == len(CELLS) == 9
    assert CELL_NAMES[cell_of("1,1")] == "centre"
    assert CELL_NAMES[cell_of("0,2")] == "top right"
    assert CELL_NAMES[cell_of("2,1")] == "bottom"


@pytest.mark.parametrize(
    "tile", ["", "1", "1,", ",1", "1,3", "3,1", "-1,1", "1,1,", "1, 1", "1.1", "11", "\u0661,1"]
)
def test_what_is_no_tile_is_refused(tile: str) -> None:
    """A tile is two digits 0-2 with a comma between, and nothing else."""
    with pytest.raises(ValueError, match="not a tile"):
        cell_of(tile)


def test_each_mark_is_the_other_of_the_other() -> None:
    """There are two marks."""
    assert [mark.other for mark in Mark] == [Mark.O, Mark.X]
