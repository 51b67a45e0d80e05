"""What holds agents loads the standard library and its own room, and nothing of the server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from real_shim import PATIENCE, Zygote

from ennio.supervisor.shim import bootstrap

LIST = """
import json, runpy, sys
runpy.run_path({bootstrap!r})["stand_in"]()
import ennio.supervisor.shim.zygote
files = {{name: getattr(module, "__file__", None) for name, module in sys.modules.items()}}
print(json.dumps([files, sorted(sys.stdlib_module_names)]))
"""


def test_nothing_is_imported_but_the_standard_library_and_the_room() -> None:
    program = LIST.format(bootstrap=bootstrap.__file__)
    files, stdlib = json.loads(subprocess.check_output([sys.executable, "-I", "-S", "-c", program]))
    strange = {name for name in files if name.partition(".")[0] not in {*stdlib, "ennio", "__main__"}}
    assert strange == set()
    room = str(Path(bootstrap.__file__).parent)
    ours = {name: file for name, file in files.items() if name.startswith("ennio") and file}
    assert "ennio.supervisor.shim.shim" in ours
    outside = {name for name, file in ours.items() if not file.startswith(room)}
    assert outside == {"ennio.supervisor.output"}


def test_what_is_asked_wrongly_is_answered_with_the_usage() -> None:
    ended = subprocess.run(
        [sys.executable, "-I", "-S", bootstrap.__file__, "dance"], capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("usage:")


def test_a_zygote_is_no_parent_and_ends_with_its_server(tmp_path: Path) -> None:
    with Zygote(tmp_path) as zygote:
        runs = [zygote.run("sleep", "20") for _ in range(5)]
        for run in runs:
            run.started()
        children = Path(f"/proc/{zygote.process.pid}/task/{zygote.process.pid}/children")
        assert children.read_text() == ""
        for run in runs:
            assert os.getsid(run.holder) == run.holder
            run.server.say("stop", grace=1)
            run.server.end()
    assert zygote.process.wait(PATIENCE) == 0
