"""`make test-remote`: the remote engine against llama.cpp's server, which this starts on a tiny model.

    python -m venv var/remote && var/remote/bin/pip install xllamacpp gguf safetensors
    REMOTE_PYTHON=var/remote/bin/python python -m pytest tests/models_service/remote/live.py

With RECORD=1 the server's replies are written to replies.json, against which the same tests run every day.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from models_service.engine import open_engine
from models_service.engine.interface import EngineSettings
from tests.models_service.remote.exchanges import Recording
from tests.models_service.test_engine_remote import *  # noqa: F403 - the same promises, with a real server
from tests.models_service.test_engine_remote import OTHER, STORY, engine_on
from tests.models_service.tiny_models import make

PYTHON = os.environ["REMOTE_PYTHON"]


@pytest.fixture(scope="session")
def weights(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("served"), says_yes_or_no=True)


@pytest.fixture(scope="session")
def address(weights, tmp_path_factory):
    """A running server of the weights."""
    gguf = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    subprocess.run([PYTHON, Path(__file__).parent / "make_gguf.py", weights, gguf], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [PYTHON, Path(__file__).parent / "serve.py", gguf, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/v1"
    try:
        wait_for(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url: str, server: subprocess.Popen) -> None:
    for _ in range(300):
        assert server.poll() is None, "the server ended"
        try:
            httpx.get(f"{url}/models").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the server did not start within a minute")


@pytest.fixture(scope="session")
def recording():
    transport = Recording()
    yield transport
    transport.close()
    if os.environ.get("RECORD"):
        transport.save()


@pytest.fixture
def remote(address, recording):
    def opened(format_name: str = "finetuned", model: str = "tiny"):
        return engine_on(recording, format_name, model, address)

    return opened


def test_agrees_with_the_local_engine_on_the_same_weights(remote, weights):
    local = open_engine(EngineSettings(model=str(weights)))
    subjects = [STORY, OTHER]
    assert remote().score_critiqueability(subjects) == pytest.approx(local.score_critiqueability(subjects), abs=1e-3)
    critiques = ["No storm.", "It is a storm."]
    assert remote().score_helpfulness(subjects, critiques) == pytest.approx(
        local.score_helpfulness(subjects, critiques), abs=1e-3
    )
    greedy = {"seed": 1, "temperatures": [0.0, 0.0], "max_new_tokens": 6}
    assert remote().answer(subjects, **greedy) == local.answer(subjects, **greedy)
