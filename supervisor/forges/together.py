"""Several questions side by side."""

from collections.abc import Awaitable, Callable
from typing import Any

import trio


async def together(*questions: Callable[[], Awaitable[Any]]) -> list[Any]:
    """Return all answers, in the order of the questions.

    At the first failure the other questions are dropped, and that one is raised, alone and not in a group.
    """
    answers: list[Any] = [None] * len(questions)
    failures: list[Exception] = []

    async def ask(place: int, question: Callable[[], Awaitable[Any]]) -> None:
        try:
            answers[place] = await question()
        except Exception as error:
            failures.append(error)
            nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for place, question in enumerate(questions):
            nursery.start_soon(ask, place, question)
    if failures:
        raise failures[0]
    return answers
