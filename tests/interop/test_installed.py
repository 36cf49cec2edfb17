"""The wheels in environments that start empty, with what they ask PyPI for: alone, and beside native baml-py."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers.loopback import LoopbackServer
from tests.support.user_project import RECEIPT, held, make_sources, streamed, surroundings
from tests.support.wheels import Environment, build_wheels, run

NATIVE = "baml-py==0.226.3"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build_wheels(tmp_path_factory.mktemp("wheels"))


def python(
    environment: Environment, project: Path, server: LoopbackServer, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [environment.python, *arguments],
        cwd=project,
        env=surroundings(server),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def user_project(environment: Environment, folder: Path) -> Path:
    make_sources(folder, "receipt.baml", "main.py", "stop.py")
    run(str(environment.bin / "bamlet"), "generate", cwd=folder)
    return folder


@pytest.mark.timeout(300)
def test_the_wheels_bring_all_that_a_users_programs_need(
    wheels: tuple[Path, Path], tmp_path: Path, loopback: LoopbackServer
) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(f"{wheels[0]}[client]", wheels[1])
    project = user_project(environment, tmp_path / "project")
    loopback.answer(streamed(RECEIPT), held(RECEIPT))
    for program, end in (("main.py", "total_cost=141.65)\n"), ("stop.py", "\nstopped\n")):
        done = python(environment, project, loopback, "-W", "error", program)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.endswith(end)


TESTED = """
function Double(n: int) -> int { n * 2 }
test Four { functions [Double] args { n 2 } @@assert({{ this == 4 }}) }
test Five { functions [Double] args { n 2 } @@assert({{ this == 5 }}) }
"""


@pytest.mark.timeout(900)
def test_a_project_that_has_one_source_and_pytest_has_its_tests_run(
    wheels: tuple[Path, Path], tmp_path: Path, loopback: LoopbackServer
) -> None:
    """No conftest, no settings: what is installed is what collects."""
    environment = Environment(tmp_path / "environment")
    environment.install(str(wheels[0]), "pytest")
    project = tmp_path / "project"
    project.mkdir()
    (project / "double.baml").write_text(TESTED, "utf-8")
    done = python(environment, project, loopback, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider")
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED double.baml::Double::Five - assert: {{ this == 5 }} is false" in done.stdout
    assert "1 failed, 1 passed" in done.stdout
    assert [path.name for path in project.iterdir()] == ["double.baml"]


@pytest.mark.timeout(300)
def test_beside_the_native_package_nothing_breaks_and_it_says_which_one_serves(
    wheels: tuple[Path, Path], tmp_path: Path, loopback: LoopbackServer
) -> None:
    environment = Environment(tmp_path / "environment")
    environment.install(f"{wheels[0]}[client]", NATIVE)
    project = user_project(environment, tmp_path / "project")
    loopback.answer(streamed(RECEIPT))

    # The client calls through bamlet. The native package is as it was, and its objects are told apart.
    done = python(environment, project, loopback, "-W", "error", "main.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("total_cost=141.65)\n")
    code = "import baml_client, baml_py; print(baml_py.baml_py.get_version(), baml_py.__file__)"
    assert python(environment, project, loopback, "-c", code).stdout.startswith("0.226.3 ")
    done = python(environment, project, loopback, "stop.py")
    assert "this object is baml-py's; import it from bamlet, or install bamlet-baml-py" in done.stderr
    done = python(environment, project, loopback, "-c", "import baml_py, baml_client")
    assert (done.returncode, "the native baml_py is imported beside" in done.stderr) == (0, True)

    # Both of them write one folder, whoever comes last.
    environment.install(wheels[1])
    done = python(environment, project, loopback, "-c", "import baml_py")
    assert "baml-py 0.226.3 and bamlet-baml-py are both installed" in done.stderr
    assert python(environment, project, loopback, "-c", "import baml_client; baml_client.b").stderr == ""
