"""Spawn, send and kill: ennio, its floor and the hello world in turn, so that noise strikes all alike."""

from .ennio import Ennio
from .figures import Figure, Samples, timed
from .floor import Floor
from .server import Connection

WARM_UP = 3
GREETINGS = 5
"""Hello-world requests a round."""


def side_by_side(floor: Floor, server: Ennio, hello: Connection, rounds: int) -> list[Figure]:
    """Measure `rounds` rounds of each and compare them."""
    bare, ours = Samples(), Samples()
    for number in range(WARM_UP + rounds):
        if number == WARM_UP:
            bare.clear()
            ours.clear()
        for _ in range(GREETINGS):
            bare.take({"hello": hello.time("GET", "/")})
        bare.take(floor.round())
        ours.take(server.round())
    return _compared(bare, ours)


def _compared(bare: Samples, ours: Samples) -> list[Figure]:
    started, answered = ("worktree add + Popen", bare["spawn"]), ("the same", bare["spawn answered"])
    hello, pipe = ("hello world", bare["hello"]), ("write to a pipe", bare["delivered"])
    signal = ("SIGTERM", bare["gone"])
    return [
        timed("spawn until the agent's first byte", ours["spawn"], against=started, most=1.3),
        timed("spawn until the API's answer", ours["spawn answered"], against=answered),
        timed("message until the agent has it", ours["delivered"], against=hello, most=2),
        timed("the same", ours["delivered"], against=pipe),
        timed("message until the API's answer", ours["send answered"], against=hello),
        timed("kill until the agent is gone", ours["gone"], most=5),
        timed("the same", ours["gone"], against=signal),
        timed("kill until the API's answer", ours["kill answered"], against=hello),
    ]
