"""Perfect play, and what the review says after a game."""

from itertools import permutations

import pytest

from shared.board import CELLS, Mark, board, free, is_legal, outcome, turn
from shared.solver import (
    Mistake,
    Review,
    Value,
    best_moves,
    holding_moves,
    review,
    sentence,
    value,
)


@pytest.mark.parametrize("perfect", list(Mark))
def test_perfect_play_never_loses(perfect: Mark) -> None:
    """Whatever the other does, and whichever best move is chosen, perfect play never loses."""
    seen: set[str] = set()
    walk = [""]
    while walk:
        moves = walk.pop()
        if board(moves) in seen:
            continue
        seen.add(board(moves))
        assert outcome(moves).winner is not perfect.other
        cells = best_moves(moves) if turn(moves) is perfect else free(moves)
        walk += [f"{moves}{cell}" for cell in cells]
    assert len(seen) > 300


def test_the_game_is_a_draw() -> None:
    """Between two perfect players every opening is a draw."""
    assert value("") is Value.DRAWN
    assert best_moves("") == holding_moves("") == tuple(range(9))


def test_the_value_of_a_position_is_that_of_its_best_follower() -> None:
    """Every position is worth what the best move makes of it, and the best moves hold it."""
    for place in range(6):
        for played in permutations(CELLS, place):
            moves = "".join(played)
            if not is_legal(moves) or outcome(moves).over or list(moves[::2]) != sorted(moves[::2]):
                continue
            worth = {cell: -value(f"{moves}{cell}") for cell in free(moves)}
            assert value(moves) == max(worth.values())
            assert holding_moves(moves) == tuple(
                cell for cell in worth if worth[cell] == max(worth.values())
            )
            assert set(best_moves(moves)) <= set(holding_moves(moves))


def test_the_sooner_win_and_the_later_loss_are_the_better_ones() -> None:
    """A perfect player finishes when it can, and makes the winner work for it."""
    assert (best_moves("0132"), holding_moves("0132")) == ((6,), (4, 5, 6, 7, 8))
    assert best_moves("0314") == holding_moves("0314") == (2,)
    assert value("013") is Value.LOST
    assert (best_moves("013"), holding_moves("013")) == ((6,), (2, 4, 5, 6, 7, 8))


def test_nothing_is_best_after_the_end() -> None:
    """A game that is over is lost for who would be next, or drawn, and nothing holds it."""
    assert (value("03142"), best_moves("03142"), holding_moves("03142")) == (Value.LOST, (), ())
    assert (value("041263587"), best_moves("041263587")) == (Value.DRAWN, ())


def test_a_review_names_the_move_that_changed_the_result() -> None:
    """The decisive mistake is told with what would have held."""
    first = Mistake(number=2, mark=Mark.O, cell=8, had=Value.DRAWN, left=Value.LOST, held=(4,))
    second = Mistake(number=3, mark=Mark.X, cell=1, had=Value.WON, left=Value.LOST, held=(2, 6))
    assert review("08") == Review(mistakes=(first,), result=Mark.X, over=False)
    assert review("081").mistakes == (first, second)
    assert review("081").decisive == second


def test_every_review_fits_its_game() -> None:
    """Mistakes come in order, each worse than what it had, and the last explains the result."""
    walk = [""]
    while walk:
        moves = walk.pop()
        reviewed = review(moves)
        assert reviewed.over == outcome(moves).over
        if reviewed.over:
            assert reviewed.result is outcome(moves).winner
        worth: dict[Mark, Value] = dict.fromkeys(Mark, Value.DRAWN)
        for mistake in reviewed.mistakes:
            assert worth[mistake.mark] == mistake.had > mistake.left
            assert mistake.cell not in mistake.held
            assert set(mistake.held) <= set(free(moves[: mistake.number - 1]))
            worth = {mistake.mark: mistake.left, mistake.mark.other: Value(-mistake.left)}
        favoured = [mark for mark, value_to_it in worth.items() if value_to_it is Value.WON]
        assert favoured == [each for each in [reviewed.result] if each]
        assert len(sentence(reviewed)) <= 110
        # Two of the ways on from each position are enough to meet every kind of review.
        walk += [f"{moves}{cell}" for cell in {*free(moves)[:1], *free(moves)[-1:]}]


@pytest.mark.parametrize(
    ("moves", "said"),
    [
        ("", "No move was a mistake, and it was still a draw"),
        ("041263587", "No move was a mistake, and so it is a draw"),
        ("013", "Move 2 (top) was the mistake: the centre would have held the draw"),
        ("41", "Move 2 (top) was the mistake: any corner would have held the draw"),
        ("0482", "Move 4 (top right) was the mistake: any edge would have held the draw"),
        (
            "018",
            (
                "Move 3 (bottom right) was the mistake: "
                "the centre, the bottom left or the left would have won"
            ),
        ),
        ("0471", "Move 4 (top) was the mistake: any of 4 other cells would have held the draw"),
        ("081", "Move 3 (top) was the mistake: the top right or the bottom left would have won"),
    ],
)
def test_the_review_is_one_sentence(moves: str, said: str) -> None:
    """The review says in words what decided the game."""
    assert sentence(review(moves)) == said
