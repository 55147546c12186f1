"""A client of OpenAI-compatible servers (vLLM, SGLang, TGI, llama.cpp): requests, retries, replies."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

from models_service.engine.interface import EngineError, PromptTooLong

log = logging.getLogger(__name__)

API_KEY_VARIABLE: Final = "SECOND_READER_API_KEY"
TIMEOUT: Final = httpx.Timeout(300.0, connect=10.0)
"""A long prompt may wait on a busy server; an absent server is noticed at once."""
ATTEMPTS: Final = 5
FIRST_BACKOFF: Final = 0.5
"""Seconds before the second attempt; doubled, with jitter, before each further one."""
RETRYABLE_STATUSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
MAX_ADDED_TOKENS: Final = 2
"""How many tokens a tokenizer itself may put around a text: its beginning, and a space before the first word."""
#: Turns off what a server would filter samples with by default. The first that it accepts is used.
UNFILTERED: Final[tuple[dict[str, float], ...]] = ({"top_k": 0, "min_p": 0.0}, {"top_k": -1, "min_p": 0.0}, {})


class OpenAIClient:
    """One server. Threads may share the client."""

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        transport: httpx.BaseTransport | None = None,
        first_backoff: float = FIRST_BACKOFF,
    ) -> None:
        key = os.environ.get(API_KEY_VARIABLE)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=base_url.rstrip("/") + "/", headers=headers, timeout=TIMEOUT, transport=transport
        )
        self._model = model
        self._first_backoff = first_backoff
        self._unfiltered: Mapping[str, Any] = {}

    def check(self, *, raw: bool = False) -> None:
        """The server must be there, know the model and, if `raw`, read prompts as they are. Raises EngineError."""
        reply = self._send("GET", "models", None)
        known = [entry.get("id") for entry in reply.get("data") or []]
        if known and self._model not in known:
            raise EngineError(f"the server has no model {self._model!r}; it has {', '.join(map(str, known))}")
        for options in UNFILTERED:
            body = {"model": self._model, "prompt": "1", "max_tokens": 1, "temperature": 1, **options}
            if self._http.post("completions", json=body).is_success:
                self._unfiltered = options
                break
        if not self._unfiltered:
            log.warning("the server does not say that it samples unfiltered: its own top-k and min-p apply")
        if raw:
            self._check_raw()

    def _check_raw(self) -> None:
        """A template around prompts adds as many tokens to a short one as to one that is twice as long."""
        short, long = (self._prompt_tokens(" ".join("a" * number)) for number in (8, 16))
        if short is None or long is None:
            log.warning("the server does not count a prompt's tokens: whether it adds a template cannot be told")
        elif (added := 2 * short - long) > MAX_ADDED_TOKENS:
            raise EngineError(
                f"the server puts {added} tokens of its own around every prompt, as a chat template does. Start it "
                "without one for completions, or use a format that speaks in turns (zero-shot, few-shot)"
            )

    def _prompt_tokens(self, prompt: str) -> int | None:
        reply = self.post("completions", {"prompt": prompt, "max_tokens": 1, "temperature": 0})
        count = (reply.get("usage") or {}).get("prompt_tokens")
        return count if isinstance(count, int) else None

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The server's reply to a completion or chat request; temperature and length are in the body.

        Raises PromptTooLong, EngineError (with the server's words) after the last attempt.
        """
        return self._send("POST", path, {"model": self._model, "top_p": 1, **self._unfiltered, **body})

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        problem = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._wait(attempt, problem)
            try:
                response = self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                problem = f"{type(error).__name__}: {error}"
                continue
            if response.is_success:
                return _object(response)
            problem = f"HTTP {response.status_code}: {_error_message(response)}"
            if response.status_code not in RETRYABLE_STATUSES:
                break
        if "context" in problem and "HTTP 4" in problem:
            raise PromptTooLong(f"the server refuses the prompt: {problem}")
        raise EngineError(f"{self._http.base_url}{path}: {problem}")

    def _wait(self, attempt: int, problem: str) -> None:
        seconds = self._first_backoff * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
        log.info("asking again in %.1f s after %s", seconds, problem)
        time.sleep(seconds)


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        reply = response.json()
    except ValueError as error:
        raise EngineError(f"{response.url}: the reply is not JSON: {response.text[:200]!r}") from error
    if not isinstance(reply, dict):
        raise EngineError(f"{response.url}: the reply is not an object: {response.text[:200]!r}")
    return reply


def _error_message(response: httpx.Response) -> str:
    """The server's error message, wherever it puts it."""
    try:
        reply = response.json()
    except ValueError:
        return response.text[:300]
    error = reply.get("error", reply) if isinstance(reply, dict) else reply
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]


# ---- replies


def completion_text(reply: Mapping[str, Any]) -> str:
    """The text of a completion or chat reply. Raises EngineError."""
    try:
        choice = reply["choices"][0]
        text = choice["text"] if "text" in choice else choice["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise EngineError(f"the reply holds no text: {str(reply)[:300]}") from error
    return str(text or "")


def top_log_probabilities(reply: Mapping[str, Any]) -> dict[str, float]:
    """Token text to log-probability at the first generated position. Raises EngineError where there are none."""
    try:
        logprobs = reply["choices"][0]["logprobs"]
        if "content" in logprobs:
            return {entry["token"]: entry["logprob"] for entry in logprobs["content"][0]["top_logprobs"]}
        return {str(token): float(value) for token, value in logprobs["top_logprobs"][0].items()}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise EngineError(
            "the server returned no top log-probabilities, so nothing can be scored; start it with them on"
        ) from error
