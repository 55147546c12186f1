"""The remote engine against llama.cpp's server: its recorded replies here, the server itself in remote/live.py."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import httpx
import pytest

from models_service.critiquing import is_degenerate
from models_service.engine import open_engine
from models_service.engine.interface import EngineError, EngineSettings, PromptTooLong
from models_service.engine.openai_client import OpenAIClient
from models_service.engine.remote import RemoteEngine
from models_service.types import Subject
from tests.models_service.remote.exchanges import Replaying

STORY = Subject(
    key="a1",
    title="The Voyage",
    passage="The ship left at dawn. A storm broke the mast.",
    question="What happened to the ship?",
    answer="It left at dawn.",
)
OTHER = Subject(key="a2", passage=STORY.passage, question="What broke the mast?", answer="A storm.")
ADDRESS = "http://server/v1"
Remote = Callable[..., RemoteEngine]


@pytest.fixture
def remote() -> Remote:
    """Opens a remote engine in a format, on the recorded server."""

    def opened(format_name: str = "finetuned", model: str = "tiny") -> RemoteEngine:
        return engine_on(Replaying(), format_name, model)

    return opened


def engine_on(transport: httpx.BaseTransport, format_name: str, model: str, address: str = ADDRESS) -> RemoteEngine:
    client = OpenAIClient(address, model, transport=transport, first_backoff=0.001)
    # One request at a time, so that a recording does not depend on which came first.
    engine = RemoteEngine(client, EngineSettings(model=model, engine="remote", format_name=format_name, max_rows=1))
    engine.check_server()
    return engine


def test_makes_whole_bundles(remote: Remote):
    engine = remote()
    told: list[tuple[int, int]] = []
    first, second = engine.critique(
        [STORY, OTHER],
        seed=3,
        temperatures=[0.0, 0.0, 0.7, 1.0],
        max_new_tokens=8,
        progress=lambda *p: told.append(p),
    )
    assert [s.temperature for s in first.suggestions] == [0.0, 0.0, 0.7, 1.0]
    assert first.suggestions[1].same_as == 0, "greedy twice is the same text"
    assert first.suggestions[0].text
    shown = [s.rank for s in first.suggestions if s.same_as is None and not is_degenerate(s.text)]
    assert sorted(rank for rank in shown if rank is not None) == list(range(len(shown)))
    assert (first.key, second.key) == ("a1", "a2")
    assert all(0 < s.helpfulness < 1 for bundle in (first, second) for s in bundle.suggestions)
    assert told[-1] == (8, 8)
    assert first.model.engine == "remote"
    assert engine.score_helpfulness([STORY], [first.suggestions[0].text]) == [first.suggestions[0].helpfulness]


def test_answers_and_refines(remote: Remote):
    engine = remote()
    assert engine.answer([STORY, STORY], seed=1, temperatures=[0.0, 1.0], max_new_tokens=6)[0]
    refined = engine.refine([STORY, STORY], [None, "No storm."], seed=1, temperatures=[0.0, 0.7], max_new_tokens=6)
    assert all(refined)


def test_speaks_in_turns_where_the_format_does(remote: Remote):
    engine = remote("zero-shot")
    assert 0 < engine.score_critiqueability([STORY])[0] < 1
    assert 0 < engine.score_helpfulness([STORY], ["It leaves out the storm."])[0] < 1
    (bundle,) = engine.critique([STORY], seed=1, temperatures=[0.0], max_new_tokens=6)
    assert bundle.model.format_name == "zero-shot"


def test_tells_a_prompt_that_is_too_long(remote: Remote):
    long = Subject(key="long", passage="storm " * 600, question="?", answer="!")
    with pytest.raises(PromptTooLong, match="context"):
        remote().score_critiqueability([long])


def test_refuses_a_model_that_the_server_has_not(remote: Remote):
    with pytest.raises(EngineError, match=r"no model 'absent'; it has tiny"):
        remote(model="absent")


# ---- what a real server does not do on demand


def replies(*given: httpx.Response | Exception) -> tuple[httpx.MockTransport, list[dict]]:
    """A server that gives these replies in turn, and the bodies that it was sent."""
    waiting, bodies = list(given), []

    def handle(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        reply = waiting.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    return httpx.MockTransport(handle), bodies


def scored(top: dict[str, float]) -> httpx.Response:
    return httpx.Response(200, json={"choices": [{"text": "", "logprobs": {"top_logprobs": [top]}}]})


def engine_with(transport: httpx.MockTransport) -> RemoteEngine:
    client = OpenAIClient(ADDRESS, "m", transport=transport, first_backoff=0.001)
    return RemoteEngine(client, EngineSettings(model="m", engine="remote", max_rows=1))


def test_scores_by_the_two_labels_alone():
    transport, bodies = replies(scored({" Yes": math.log(0.3), " No": math.log(0.1), "x": math.log(0.5)}))
    assert engine_with(transport).score_critiqueability([STORY]) == [pytest.approx(0.75)]
    assert bodies[0]["prompt"].endswith("Critiqueable:")
    assert bodies[0]["max_tokens"] == 1


def test_never_guesses_a_label_that_is_missing():
    transport, _ = replies(scored({" Yes": -0.1, "No": -3.0}))
    with pytest.raises(EngineError, match="' No' is not among the 2 most likely"):
        engine_with(transport).score_critiqueability([STORY])


def test_refuses_a_server_without_log_probabilities():
    transport, _ = replies(httpx.Response(200, json={"choices": [{"text": " Yes", "logprobs": None}]}))
    with pytest.raises(EngineError, match="no top log-probabilities"):
        engine_with(transport).score_critiqueability([STORY])


def test_asks_again_when_the_server_is_busy_or_gone():
    transport, bodies = replies(
        httpx.Response(503, text="loading"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        scored({" Yes": -1.0, " No": -1.0}),
    )
    assert engine_with(transport).score_critiqueability([STORY]) == [0.5]
    assert len(bodies) == 4


def test_gives_up_with_the_servers_own_words():
    transport, bodies = replies(*[httpx.Response(500, json={"error": {"message": "no memory"}})] * 5)
    with pytest.raises(EngineError, match="HTTP 500: no memory"):
        engine_with(transport).score_critiqueability([STORY])
    assert len(bodies) == 5
    transport, bodies = replies(httpx.Response(401, json={"detail": "who are you"}))
    with pytest.raises(EngineError, match="HTTP 401"):
        engine_with(transport).score_critiqueability([STORY])
    assert len(bodies) == 1, "what will not change is not asked again"


def counting_server(count: Callable[[str], int | None]) -> RemoteEngine:
    """A server that says how many tokens a prompt has."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": [{"id": "m"}]})
        tokens = count(json.loads(request.content)["prompt"])
        usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens}}
        return httpx.Response(200, json={"choices": [{"text": "x"}], **usage})

    return engine_with(httpx.MockTransport(handle))


@pytest.mark.parametrize("added", [3, 4, 11])
def test_refuses_a_server_that_wraps_prompts_in_a_template_of_its_own(added):
    with pytest.raises(EngineError, match=f"puts {added} tokens of its own around every prompt"):
        counting_server(lambda prompt: len(prompt.split()) + added).check_server()


@pytest.mark.parametrize("added", [-1, 0, 1, 2])
def test_a_tokenizers_own_beginning_is_no_template(added):
    counting_server(lambda prompt: 2 * len(prompt.split()) + added).check_server()


def test_a_server_that_counts_nothing_is_used_with_a_warning(caplog):
    counting_server(lambda _: None).check_server()
    assert "cannot be told" in caplog.text


def test_needs_an_address():
    with pytest.raises(EngineError, match="base_url"):
        open_engine(EngineSettings(model="m", engine="remote"))
