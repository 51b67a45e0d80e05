"""How surely what an agent starts can be ended on this machine, and by what."""

from .findings import Finding, Verdict

_SAYS = {
    "cgroup+shim": "a kill ends an agent's control group as a whole, and its holder ends the rest",
    "shim+marker": "the holder of an agent ends all that is below it, and /proc is searched for the rest;"
    " with a cgroup (version 2) that this user may write to, as systemd's Delegate=yes gives, it is surer",
}
_WEAK = (
    "what leaves an agent's process tree may escape a kill, and no agent outlives the server; Linux can more"
)


def containment(told: str | None = None) -> Finding:
    """Say how surely, and by what: as a server has `told`, else as one would find it here."""
    told = told or _here()
    if words := _SAYS.get(told):
        return Finding("containment", Verdict.OK, f"{told}: {words}")
    return Finding("containment", Verdict.MIND, f"{told}: {_WEAK}")


def _here() -> str:
    import trio

    from ennio.supervisor.plugins import load

    host = load("hosts", "local")()
    told = str(host.containment)
    trio.run(host.aclose)
    return told
