import pytest

from spaceseed.history import History


@pytest.fixture
def history():
    history = History[str](limit=3)
    for state in "ab":
        history.push(state)
    return history


def test_undo_and_redo_go_through_the_states_in_order(history):
    assert [history.undo("c"), history.undo("b")] == ["b", "a"]
    assert (history.can_undo, history.can_redo) == (False, True)
    assert [history.redo("a"), history.redo("b")] == ["b", "c"]
    assert (history.can_undo, history.can_redo) == (True, False)


def test_a_state_comes_back_as_it_was_left(history):
    assert history.undo("c, marked") == "b"
    assert history.redo("b, marked") == "c, marked"
    assert history.past == ["a", "b, marked"]


def test_a_new_state_ends_what_could_be_redone(history):
    history.push(history.undo("c"))
    assert not history.can_redo
    assert history.past == ["a", "b"]


def test_the_oldest_states_are_forgotten(history):
    for state in "cde":
        history.push(state)
    assert history.past == ["c", "d", "e"]
