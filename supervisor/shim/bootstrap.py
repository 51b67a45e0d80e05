"""Starts a zygote or a shim from the standard library alone; run by path, `python -I -S bootstrap.py`.

    bootstrap.py zygote FD       forks shims for the server at the other end of an inherited socket
    bootstrap.py listen FOLDER   becomes one shim, which waits for a server at FOLDER/control

Importing `ennio.supervisor` in the usual way would load a server. Here an empty package stands in for it,
so that the modules of this folder find each other under the names that they have in a server.
"""

import os
import sys
import types


def stand_in() -> None:
    """Make `ennio.supervisor.shim` importable in a process that must not import `ennio.supervisor`."""
    room = os.path.dirname(os.path.abspath(__file__))
    for name, path in (("ennio", []), ("ennio.supervisor", [os.path.dirname(room)])):
        package = types.ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package


def main() -> None:
    """Do what the arguments say; see above."""
    stand_in()
    from ennio.supervisor.shim.zygote import listen, serve

    match sys.argv[1:]:
        case ["zygote", descriptor]:
            serve(int(descriptor))
        case ["listen", folder]:
            listen(folder)
        case _:
            sys.exit("usage: bootstrap.py zygote FD | bootstrap.py listen FOLDER")


if __name__ == "__main__":
    main()
