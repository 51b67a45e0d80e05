from ennio.supervisor.runtimes.letters import Letters


def words(letters: Letters, *said: tuple[str, int]) -> None:
    for word, seq in said:
        letters.heard(word, seq)


def test_a_letter_is_begun_once_and_settled_when_it_is_done() -> None:
    letters, begun = Letters(), list[int]()
    letter = letters.write(b"one", lambda: begun.append(1))
    assert (letter.seq, letters.write(b"two", lambda: None).seq) == (1, 2)
    words(letters, ("begun", 1))
    assert (begun, letter.settled.is_set(), letters.taken) == ([1], False, 1)
    words(letters, ("done", 1), ("begun", 1), ("done", 1))
    assert (begun, letter.settled.is_set(), letter.done) == ([1], True, True)


def test_one_that_the_agent_does_not_read_or_that_was_taken_back_is_settled_and_not_done() -> None:
    letters = Letters()
    deaf, withdrawn = letters.write(b"", lambda: None), letters.write(b"", lambda: None)
    words(letters, ("deaf", 1), ("withdrawn", 2), ("withdrawn", 99))
    assert [(letter.settled.is_set(), letter.done, letter.begun) for letter in (deaf, withdrawn)] == [
        (True, False, False),
        (True, False, False),
    ]
    assert letters.taken == 0


def test_after_a_lost_connection_only_what_was_not_begun_is_given_again() -> None:
    letters, begun = Letters(), list[int]()
    done, half, back, fresh = (
        letters.write(b"", lambda number=number: begun.append(number))  # type: ignore[misc]
        for number in range(1, 5)
    )
    back.withdrawn = True
    assert letters.resume(taken=2, done=1) == [fresh]
    assert (done.done, half.begun, half.settled.is_set()) == (True, True, False)
    assert (back.settled.is_set(), back.begun, begun) == (True, False, [1, 2])


def test_numbers_go_on_where_an_earlier_server_ended() -> None:
    letters = Letters()
    assert letters.resume(taken=7, done=7) == []
    assert letters.write(b"", lambda: None).seq == 8
