"""The remote engine: any OpenAI-compatible server. Its own prefix cache does the sharing.

Completions for formats that continue text, chat completions for those that speak in turns. A score needs the
log-probability of both labels. If the server's list lacks one, the score is refused, never guessed.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Final

from models_service.critiquing import first_occurrences, suggestions
from models_service.engine.interface import EngineError, EngineSettings, Progress
from models_service.engine.openai_client import OpenAIClient, completion_text, top_log_probabilities
from models_service.formats import Format, Pieces, chat_turns_format, open_format, text_of, turns_of
from models_service.types import PAPER_TEMPERATURES, Bundle, ModelIdentity, Subject

TOP_LOGPROBS: Final = 20
"""How many log-probabilities to request: the most that common servers return."""
MAX_CONCURRENT: Final = 16
"""The most requests in flight at once."""


def open_remote(settings: EngineSettings) -> RemoteEngine:
    """Raises EngineError where the settings name no server, or the server has no such model."""
    if not settings.base_url:
        raise EngineError("a remote engine needs the server's address: base_url, up to /v1")
    client = OpenAIClient(settings.base_url, settings.model)
    engine = RemoteEngine(client, settings)
    engine.check_server()
    return engine


class RemoteEngine:
    """`Engine` on a server."""

    def __init__(self, client: OpenAIClient, settings: EngineSettings) -> None:
        self._client = client
        self._chat = settings.format_name in {"zero-shot", "few-shot"}
        try:
            self._format: Format = (
                chat_turns_format(settings.format_name) if self._chat else open_format(settings.format_name, None)
            )
        except ValueError as error:
            raise EngineError(str(error)) from error
        self._workers = max(1, min(MAX_CONCURRENT, settings.max_rows))
        self.identity = ModelIdentity(
            name=settings.model,
            revision=settings.revision or "unknown",
            format_name=self._format.name,
            format_version=self._format.version,
            dtype="unknown",
            device="unknown",
            engine="remote",
        )

    def check_server(self) -> None:
        """Raises EngineError where there is no server, or it has no such model, or it changes prompts."""
        self._client.check(raw=not self._chat)

    # ---- Engine

    def check(self, subject: Subject, *, max_new_tokens: int) -> None:
        """Nothing to check here: the server refuses a prompt that is too long when it receives it."""

    def critique(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float] = PAPER_TEMPERATURES,
        max_new_tokens: int = 96,
        progress: Progress | None = None,
    ) -> list[Bundle]:
        """As `Engine.critique`: all critiques are sampled, then each distinct one is scored."""
        asked = [(subject, row, t) for subject in subjects for row, t in enumerate(temperatures)]
        each = len(temperatures)

        def sample(subject: Subject, row: int, temperature: float) -> str:
            name = ("critique", subject.key, row)
            prompt = self._format.critique_prompt(subject)
            return self._complete(prompt, temperature, max_new_tokens, _seed(seed, *name))

        texts = self._all([_call(sample, *one) for one in asked], progress)
        critiqueability = self.score_critiqueability(subjects)
        bundles = []
        for place, subject in enumerate(subjects):
            own = texts[place * each : (place + 1) * each]
            first = first_occurrences(own)
            distinct = sorted(set(first))
            scores = self.score_helpfulness([subject] * len(distinct), [own[i] for i in distinct])
            by_first = dict(zip(distinct, scores, strict=True))
            bundles.append(
                Bundle(
                    key=subject.key,
                    critiqueability=critiqueability[place],
                    suggestions=suggestions(
                        own, temperatures, [by_first[i] for i in first], self._format.example_critiques
                    ),
                    model=self.identity,
                    seed=seed,
                )
            )
        return bundles

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        return self._scores(self._format.critiqueability_prompt(subject) for subject in subjects)

    def score_helpfulness(self, subjects: Sequence[Subject], critiques: Sequence[str]) -> list[float]:
        pairs = zip(subjects, critiques, strict=True)
        return self._scores(self._format.helpfulness_prompt(subject, critique) for subject, critique in pairs)

    def answer(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        prompts = [self._format.answer_prompt(subject) for subject in subjects]
        return self._texts("answer", subjects, prompts, seed, temperatures, max_new_tokens)

    def refine(
        self,
        subjects: Sequence[Subject],
        critiques: Sequence[str | None],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        pairs = zip(subjects, critiques, strict=True)
        prompts = [self._format.refinement_prompt(subject, critique) for subject, critique in pairs]
        return self._texts("refine", subjects, prompts, seed, temperatures, max_new_tokens)

    # ---- how it is done

    def _texts(
        self,
        task: str,
        subjects: Sequence[Subject],
        prompts: Sequence[Pieces],
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int,
    ) -> list[str]:
        """One continuation per prompt; the n-th occurrence of a key takes its n-th seed."""
        seen: Counter[str] = Counter()
        calls = []
        for subject, prompt, temperature in zip(subjects, prompts, temperatures, strict=True):
            number = _seed(seed, task, subject.key, seen[subject.key])
            calls.append(_call(self._complete, prompt, temperature, max_new_tokens, number))
            seen[subject.key] += 1
        return self._all(calls)

    def _scores(self, prompts: Iterable[Pieces]) -> list[float]:
        return self._all([_call(self._score, prompt) for prompt in prompts])

    def _all(self, calls: Sequence[Callable[[], Any]], progress: Progress | None = None) -> list[Any]:
        """Run the calls concurrently; results in order. After the first error no further call is started."""
        with ThreadPoolExecutor(self._workers) as pool:
            futures = [pool.submit(call) for call in calls]
            try:
                for done, future in enumerate(as_completed(futures), start=1):
                    future.result()
                    if progress:
                        progress(done, len(calls))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return [future.result() for future in futures]

    def _complete(self, prompt: Pieces, temperature: float, max_new_tokens: int, seed: int) -> str:
        body: dict[str, Any] = {"temperature": temperature, "max_tokens": max_new_tokens, "seed": seed}
        if self._format.ends_at_newline:
            body["stop"] = ["\n"]
        return completion_text(self._post(prompt, body)).strip()

    def _score(self, prompt: Pieces) -> float:
        """Pr[Yes] / (Pr[Yes] + Pr[No]) from the first token's log-probabilities."""
        how_many = {"logprobs": True, "top_logprobs": TOP_LOGPROBS} if self._chat else {"logprobs": TOP_LOGPROBS}
        reply = self._post(prompt, {"temperature": 0, "max_tokens": 1, **how_many})
        logprobs = {token.replace("▁", " "): value for token, value in top_log_probabilities(reply).items()}
        missing = [label for label in (self._format.yes, self._format.no) if label not in logprobs]
        if missing:
            raise EngineError(
                f"the label {missing[0]!r} is not among the {len(logprobs)} most likely tokens that the server "
                f"returned ({', '.join(map(repr, logprobs))}), so no score is given"
            )
        yes, no = logprobs[self._format.yes], logprobs[self._format.no]
        return 1 / (1 + math.exp(no - yes))

    def _post(self, prompt: Pieces, body: dict[str, Any]) -> dict[str, Any]:
        if self._chat:
            return self._client.post("chat/completions", {"messages": turns_of(prompt), **body})
        return self._client.post("completions", {"prompt": text_of(prompt), **body})


def _call(function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    return lambda: function(*arguments)


def _seed(seed: int, task: str, key: str, row: int) -> int:
    """A server's seed for one text: 31 bits from the same name as the local engine's random stream."""
    name = "\x1f".join((str(seed), task, str(row), key))
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:4]) >> 1
