"""When the client asks about a table that is silent."""

from tui.client.timing import Timing, Vigil


def test_a_silent_table_is_asked_about_less_and_less_often() -> None:
    """A table is asked about after 30 s of silence, then at growing intervals of at most 4 min."""
    vigil = Vigil(Timing())
    vigil.heard("A", 0)
    asked = []
    now = 0.0
    while now < 1000:
        now += vigil.next_in(now)
        assert vigil.due(now) == ("A",)
        vigil.asked("A", now)
        asked.append(now)
    assert asked == [30, 90, 210, 450, 690, 930, 1170]
    vigil.heard("A", 1200)
    assert vigil.next_in(1200) == 30


def test_only_living_tables_are_watched_over() -> None:
    """A table that was left is not asked about; a new one is, after its silence."""
    vigil = Vigil(Timing())
    assert vigil.next_in(0) == 240
    vigil.keep_only({"A", "B"}, 10)
    vigil.keep_only({"B"}, 20)
    assert vigil.due(40) == ("B",)
    vigil.asked("C", 0)
    assert vigil.next_in(0) == 40
