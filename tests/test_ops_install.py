"""Before there is a Python to speak of: what `make demo` says where something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PINS = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)$", re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a checkout as the installer looks at, and a PATH with only what the test puts there."""
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "scripts")
    shutil.copytree(CHECKOUT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "dirname", "cat", "cksum"):
        program = shutil.which(tool)
        assert program is not None
        (tmp_path / "bin" / tool).symlink_to(program)
    return tmp_path


def install(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/install", "demo"],
        cwd=checkout, env={"PATH": str(checkout / "bin")} | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def pretend_python(checkout: Path, name: str, version: tuple[int, int], *, venv: bool = True) -> None:
    """A python3 that answers the installer's three questions as one of that version would."""
    script = f"""#!/bin/sh
case "$2" in
    *'%d.%d'*) echo {version[0]}.{version[1]} ;;
    *version_info*) exit {int(version < (3, 11))} ;;
    *ensurepip*) exit {int(not venv)} ;;
    *) exit 1 ;;
esac
"""
    (checkout / "bin" / name).write_text(script)
    (checkout / "bin" / name).chmod(0o755)


def test_says_that_python_is_missing(checkout: Path) -> None:
    done = install(checkout)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: Python 3.11 or newer is needed, and no python3 was found on the PATH."


def test_says_that_python_is_too_old_and_which_one_it_found(checkout: Path) -> None:
    pretend_python(checkout, "python3", (3, 9))
    done = install(checkout)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed; python3 is 3.9" in done.stderr


def test_says_that_the_venv_module_is_missing(checkout: Path) -> None:
    pretend_python(checkout, "python3", (3, 11), venv=False)
    done = install(checkout)
    assert done.returncode == 1
    assert "python3 has no venv module (on Debian: apt-get install python3-venv)" in done.stderr


def test_finds_a_newer_python_beside_an_old_one(checkout: Path) -> None:
    pretend_python(checkout, "python3", (3, 9))
    pretend_python(checkout, "python3.12", (3, 12))
    assert "error: python3.12 could not make .venv" in install(checkout).stderr, "it went on with that one"


def test_the_second_time_nothing_is_left_to_do(checkout: Path) -> None:
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to("/bin/true")
    lock = (checkout / "requirements" / "demo.txt").open()
    (checkout / ".venv" / "installed-demo").write_text(
        subprocess.run(["cksum"], stdin=lock, capture_output=True, text=True, check=True).stdout.strip()
    )
    done = install(checkout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def pins(name: str) -> dict[str, str]:
    return dict(PINS.findall((CHECKOUT / "requirements" / f"{name}.txt").read_text()))


def test_each_lock_holds_the_smaller_one_whole() -> None:
    assert pins("web").items() <= pins("demo").items() <= pins("dev").items()


def test_the_web_needs_no_model_library() -> None:
    assert not {"torch", "transformers", "tokenizers", "safetensors", "accelerate"} & set(pins("web"))


def test_an_installed_package_brings_every_file_that_is_no_module() -> None:
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in ("config", "labeling", "assist", "models_service", "findings"):
        folder = CHECKOUT / package
        brought = {path for pattern in declared.get(package, ()) for path in folder.glob(pattern)}
        files = {path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}}
        assert files <= brought, f"package-data of {package} leaves out {sorted(map(str, files - brought))}"


@pytest.mark.skipif(os.environ.get("VAR_DIR") is None, reason="set by the tests' settings")
def test_the_tests_keep_out_of_the_checkouts_own_folder() -> None:
    assert not Path(os.environ["VAR_DIR"]).is_relative_to(CHECKOUT)
