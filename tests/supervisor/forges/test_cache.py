import os

from ennio.supervisor.forges.cache import Answer, Answers


def test_the_answers_used_last_are_kept() -> None:
    answers = Answers(most=2)
    for url in "ab":
        answers.keep(url, Answer(b"", url))
    answers.get("a")
    answers.keep("c", Answer(b"", "c"))
    assert [answers.get(url) is not None for url in "abc"] == [True, False, True]


def test_the_bytes_of_all_answers_are_bounded() -> None:
    answers = Answers(most_bytes=1000)
    noise = os.urandom(2000)  # which does not get smaller by being compressed
    for number in range(10):
        answers.keep(str(number), Answer(noise[:400], "tag"))
    assert len(answers) == 2
    answers.keep("9", Answer(noise[:800], "tag"))
    assert len(answers) == 1
    answers.keep("large", Answer(noise, "tag"))
    assert (answers.get("large"), len(answers)) == (None, 1)


def test_an_answer_takes_less_room_than_it_has_bytes_and_comes_back_whole() -> None:
    answers = Answers(most_bytes=1000)
    for number in range(5):
        answers.keep(str(number), Answer(b'{"a": 1}' * 1000, "tag"))
    found = answers.get("0")
    assert found is not None
    assert found.body == b'{"a": 1}' * 1000


def test_an_answer_without_a_tag_takes_the_place_of_one_with_it() -> None:
    answers = Answers()
    answers.keep("a", Answer(b"old", "tag"))
    answers.keep("a", Answer(b"new"))
    assert answers.get("a") is None
