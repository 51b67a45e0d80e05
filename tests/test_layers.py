"""Who may import whom. The rules come first, as pictures; the tests hold the code to them."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The core of ennio.supervisor: each module may import what stands in the rows above its own.
CORE = """
    errors      environment     output      utf8    plain
    ids         mailbox     plugins     instance    rendering   lines       dollars     options     metering
    branches    records.*   grants
    observations    review      prompts
    events.*    evidence    bounds
    lifecycle   protocols.*     config.*    outbox      accounts    doing       news
    budgets     prices      limits      draft       reactions   couriers    pace        links
    actor       journal     ledger      messages    restarts    transcript  stuck       wording
    project     speaking    feed
    consequences    hearing     projects    retired     preparing
    watching
    incarnation
    visible
    noticing
    permitting
    conversing
    ending
    reviewing
    overseen
    session     recovery
    roster      watchers    completion  vitals
    guard       pruning     reading
    starting
    outward
    supervisor
    wiring
    __init__
"""

# Adapters come in by entry points. They know the ports, the values, and their own folder.
ADAPTERS = "agents forges hosts notifiers runtimes stores workspaces"
PORTS = "protocols.__init__ observations records.__init__ events.__init__ errors ids branches output"
PORTS += " environment options"

# What runs beside each agent, in a process of its own: the standard library, its own room, and this.
BESIDE_AGENTS = "shim"
BESIDE_AGENTS_MAY_READ = "output"

# ennio.http: what is typed, what is served, and the one module that puts them together with the domain.
TYPED = "address asking cli client following shapes started states commands.* mcp.* tui.*"
ROOT_OF_COMPOSITION = "server"
MEET = {("ennio.http.cli", "ennio.http.server"), ("ennio.http.routes.mcp", "ennio.http.mcp.over_http")}
TYPED_MAY_READ = "config.__init__ errors options plugins"

# Libraries from outside the standard library, by who may use them.
LIBRARIES = {
    "ennio.supervisor.*": "trio structlog",
    "ennio.supervisor.config.*": "pydantic pydantic_core yaml",
    "ennio.supervisor.couriers": "stamina",
    "ennio.supervisor.forges.*": "httpx2 stamina",
    "ennio.supervisor.hosts.*": "psutil",
    "ennio.supervisor.notifiers.*": "apprise httpx2 stamina",
    "ennio.supervisor.stores.*": "sqlalchemy alembic psycopg",
    "ennio.http.metrics.*": "prometheus_client",
    "ennio.http.tracing": "opentelemetry",
    "served": "trio structlog pydantic pydantic_core quart quart_trio quart_cors hypercorn h11 werkzeug rich"
    " prometheus_client opentelemetry openapi_ui_bundles mcp",
    "typed": "trio typer click httpx2 anyio psutil textual rich mcp mcp_types pydantic",
}
STANDARD_LIBRARY_ALONE = "ennio.supervisor.agents.demo_program"


@dataclass(frozen=True)
class Import:
    """Module `who` imports module `what`; `lazy`: not when `who` is loaded."""

    who: str
    what: str
    lazy: bool = False

    def __str__(self) -> str:
        return f"{self.who} imports {self.what}"


def house() -> dict[str, Path]:
    """Every module of the two packages, by its full name."""
    paths = [path for folder in ("supervisor", "http") for path in (ROOT / folder).rglob("*.py")]
    return {".".join(["ennio", *path.relative_to(ROOT).with_suffix("").parts]): path for path in paths}


HOUSE = house()


def imports(who: str, source: str) -> Iterator[Import]:
    """What a module imports: at its top, inside functions, and for type checking alone."""
    tree = ast.parse(source)
    lazy = {id(node) for block in filter(_is_deferred, ast.walk(tree)) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(who, _module(alias.name), id(node) in lazy)
        elif isinstance(node, ast.ImportFrom):
            package = _absolute(who, node)
            for alias in node.names:
                deeper = _module(f"{package}.{alias.name}")
                yield Import(who, deeper if deeper in HOUSE else _module(package), id(node) in lazy)


def _is_deferred(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def _absolute(who: str, node: ast.ImportFrom) -> str:
    package = who.split(".")[: -node.level] if node.level else []
    return ".".join([*package, *([node.module] if node.module else [])])


def _module(name: str) -> str:
    return f"{name}.__init__" if f"{name}.__init__" in HOUSE else name


@cache
def all_imports() -> list[Import]:
    return [found for who, path in HOUSE.items() for found in imports(who, path.read_text())]


def within(package: str) -> list[Import]:
    """What the modules of a package import from the two packages."""
    return [i for i in all_imports() if i.who.startswith(f"{package}.") and i.what in HOUSE]


def row(module: str) -> int | None:
    """The number of the row in CORE where a module of ennio.supervisor stands."""
    for number, names in enumerate(CORE.strip().splitlines()):
        if any(fnmatch(module, f"ennio.supervisor.{name}") for name in names.split()):
            return number
    return None


def is_adapter(module: str) -> bool:
    return module.count(".") >= 3 and module.split(".")[2] in ADAPTERS.split()


def is_beside_agents(module: str) -> bool:
    return module.startswith(f"ennio.supervisor.{BESIDE_AGENTS}.")


def side(module: str) -> str:
    """`typed`, `served` or `server`: on which side of ennio.http a module stands."""
    if module == f"ennio.http.{ROOT_OF_COMPOSITION}":
        return "server"
    return "typed" if any(fnmatch(module, f"ennio.http.{name}") for name in TYPED.split()) else "served"


# The supervisor.


def test_every_module_of_the_supervisor_has_a_place() -> None:
    homeless = [name for name in HOUSE if name.startswith("ennio.supervisor.") and row(name) is None]

    others = [name for name in homeless if not is_adapter(name) and not is_beside_agents(name)]
    assert others == [], "draw it into CORE"


def test_every_name_in_the_picture_is_a_module() -> None:
    drawn = [f"ennio.supervisor.{name}" for name in CORE.split()]
    drawn += [f"ennio.http.{name}" for name in TYPED.split()]

    assert [pattern for pattern in drawn if not any(fnmatch(name, pattern) for name in HOUSE)] == []


def test_a_module_of_the_core_imports_only_from_the_rows_above_it() -> None:
    for found in within("ennio.supervisor"):
        mine, theirs = row(found.who), row(found.what)
        if mine is not None:
            siblings = mine == theirs and found.who.split(".")[:3] == found.what.split(".")[:3]
            assert theirs is not None, f"{found}, which the core must not know"
            assert theirs < mine or siblings, found


def test_an_adapter_imports_the_ports_and_its_own_folder() -> None:
    allowed = {f"ennio.supervisor.{name}" for name in PORTS.split()}
    for found in within("ennio.supervisor"):
        if is_adapter(found.who):
            folder = ".".join(found.who.split(".")[:3])
            own = found.what.startswith(f"{folder}.") or is_beside_agents(found.what)
            assert own or found.what in allowed, found


def test_what_runs_beside_agents_needs_the_standard_library_its_own_room_and_the_output_alone() -> None:
    for found in filter(lambda i: is_beside_agents(i.who), all_imports()):
        top = found.what.partition(".")[0]
        own = is_beside_agents(found.what) or found.what == f"ennio.supervisor.{BESIDE_AGENTS_MAY_READ}"
        assert own or (top != "ennio" and top in sys.stdlib_module_names), found


def test_the_supervisor_does_not_know_that_http_exists() -> None:
    assert [str(i) for i in within("ennio.supervisor") if i.what.startswith("ennio.http.")] == []


def test_nothing_is_imported_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in HOUSE}
    for found in all_imports():
        if found.what in HOUSE:
            graph[found.who].add(found.what)

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


# The front.


def test_what_is_served_imports_the_facade_of_the_supervisor_alone() -> None:
    for found in within("ennio.http"):
        if side(found.who) == "served" and found.what.startswith("ennio.supervisor."):
            assert found.what == "ennio.supervisor.__init__", found


def test_what_is_typed_stands_on_the_client_and_not_on_the_supervisor() -> None:
    allowed = {f"ennio.supervisor.{name}" for name in TYPED_MAY_READ.split()}
    for found in within("ennio.http"):
        if side(found.who) == "typed" and found.what.startswith("ennio.supervisor."):
            assert found.what in allowed, found


def test_the_command_line_starts_without_loading_the_supervisor() -> None:
    loaded, new = set[str](), {"ennio.http.cli"}
    while new:
        loaded |= new
        eager = [i for i in all_imports() if i.who in new and not i.lazy]
        assert [str(i) for i in eager if i.what.startswith("ennio.supervisor.")] == []
        new = {i.what for i in eager} - loaded


def test_what_is_typed_and_what_is_served_do_not_know_each_other() -> None:
    for found in within("ennio.http"):
        if found.what.startswith("ennio.http.") and side(found.what) != side(found.who) != "server":
            assert found.lazy, found
            assert (found.who, found.what) in MEET, found


# Everywhere.


def test_libraries_are_used_where_they_belong() -> None:
    for found in all_imports():
        top = found.what.partition(".")[0]
        if top not in {"ennio", *sys.stdlib_module_names}:
            assert top in _libraries(found.who), found


def _libraries(module: str) -> set[str]:
    groups = {module}
    if module.startswith("ennio.http."):
        groups |= {"typed", "served"} if side(module) == "server" else {side(module)}
    lists = (names for pattern, names in LIBRARIES.items() if any(fnmatch(g, pattern) for g in groups))
    return {library for names in lists for library in names.split()}


def test_the_demo_agent_needs_the_standard_library_alone() -> None:
    used = {i.what.partition(".")[0] for i in all_imports() if i.who == STANDARD_LIBRARY_ALONE}

    assert used
    assert used <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("source", "what", "lazy"),
    [
        ("import trio.lowlevel", "trio.lowlevel", False),
        ("from http.client import HTTPResponse", "http.client", False),
        ("import ennio.supervisor.errors as e", "ennio.supervisor.errors", False),
        ("from .errors import Conflict", "ennio.supervisor.errors", False),
        ("from . import errors", "ennio.supervisor.errors", False),
        ("from .stores.memory import MemoryStore", "ennio.supervisor.stores.memory", False),
        ("from ennio.supervisor import Supervisor", "ennio.supervisor.__init__", False),
        ("from ennio.supervisor import errors", "ennio.supervisor.errors", False),
        ("from ennio.http.client import Client", "ennio.http.client", False),
        ("if TYPE_CHECKING:\n    from .errors import Conflict", "ennio.supervisor.errors", True),
        (
            "class A:\n    async def b(self):\n        from .errors import Conflict",
            "ennio.supervisor.errors",
            True,
        ),
        ("def a():\n    import ennio.http.client", "ennio.http.client", True),
    ],
)
def test_an_import_is_found_in_whatever_way_it_is_written(source: str, what: str, lazy: bool) -> None:
    assert list(imports("ennio.supervisor.session", source)) == [
        Import("ennio.supervisor.session", what, lazy)
    ]
