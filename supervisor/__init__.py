"""ennio.supervisor: sessions of AI coding agents, each a trio task; see docs/architecture.md."""

if __name__ != "ennio.supervisor":
    raise ImportError("import it as ennio.supervisor: a second copy of its classes would match nothing")
