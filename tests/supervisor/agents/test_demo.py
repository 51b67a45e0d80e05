import subprocess
import sys
from pathlib import Path

from ennio.supervisor.agents.demo import DemoAgent
from ennio.supervisor.ids import ProjectId, SessionId
from ennio.supervisor.records import Job

JOB = Job(SessionId("app-abc123"), ProjectId("app"), "/trees/app", "feat", "Fix it")


def test_it_runs_the_demo_program_with_this_very_python() -> None:
    agent = DemoAgent()
    program, *_, script = agent.command(JOB).argv
    assert (agent.name, agent.program, program) == ("demo", sys.executable, sys.executable)
    assert Path(script).is_file()


def test_another_python_can_be_told() -> None:
    agent = DemoAgent(program="/opt/python3", env={"KEY": "value"})
    command = agent.command(JOB)
    assert (agent.program, command.argv[0], command.env) == ("/opt/python3", "/opt/python3", {"KEY": "value"})


def test_the_prompt_is_its_first_message() -> None:
    assert not DemoAgent().command(JOB).holds_prompt
    assert DemoAgent().dialogue(JOB).tell("Fix it") == b"Fix it\n"


def test_it_imports_nothing_beyond_the_standard_library(tmp_path: Path) -> None:
    python, *options, script = DemoAgent().command(JOB).argv
    show = "import sys; exec(open(sys.argv[1]).read(), {'__name__': 'demo'}); print(*sys.modules)"
    done = subprocess.run(
        [python, *options, "-c", show, script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded <= {*sys.stdlib_module_names, "__main__"}
    assert not loaded & {"subprocess", "re", "threading"}, "what is slow to import can wait"
