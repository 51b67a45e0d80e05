"""What more sessions cost: list and get, spawn, send and kill, and memory, with so many alive."""

from .ennio import SESSIONS, Ennio
from .figures import Figure, Samples, sized, timed
from .floor import Floor
from .server import Connection

REQUESTS = 150
ROUNDS = 10


def at_levels(floor: Floor, server: Ennio, hello: Connection, levels: list[int]) -> list[Figure]:
    """Fill the server up to each of `levels` sessions in turn, and measure there."""
    figures, lists, memory = list[Figure](), dict[int, list[float]](), dict[int, int]()
    for level in sorted(levels):
        server.fill(level)
        samples = _at_this_level(floor, server, hello)
        lists[level], memory[level] = samples["list"], server.memory()
        figures += _compared(level, samples)
    few, many = min(lists), max(lists)
    figures.append(sized(f"memory, at {few}", memory[few]))
    if few < many:
        each = (memory[many] - memory[few]) / (many - few)
        figures.append(sized(f"memory a session, from {few} to {many}", each))
        growth = (f"list, at {few}", lists[few])
        figures.append(timed(f"list, at {many}", lists[many], against=growth, most=4))
    return figures


def _at_this_level(floor: Floor, server: Ennio, hello: Connection) -> Samples:
    samples, newest = Samples(), server.sessions[-1].id
    for _ in range(REQUESTS):
        samples.take({"hello": hello.time("GET", "/")})
        samples.take({"list": server.connection.time("GET", SESSIONS)})
        samples.take({"get": server.connection.time("GET", f"{SESSIONS}/{newest}")})
    for _ in range(ROUNDS):
        samples.take({"floor": floor.round()["spawn"]} | server.round())
    return samples


def _compared(level: int, samples: Samples) -> list[Figure]:
    hello, raw = ("hello world", samples["hello"]), ("worktree add + Popen", samples["floor"])
    return [
        timed(f"list, at {level}", samples["list"], against=hello),
        timed(f"get, at {level}", samples["get"], against=hello),
        timed(f"spawn until the agent's first byte, at {level}", samples["spawn"], against=raw),
        timed(f"message until the agent has it, at {level}", samples["delivered"]),
        timed(f"kill until the agent is gone, at {level}", samples["gone"]),
    ]
