"""The local engine: texts to token ids, groups by passage, and back to bundles."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import torch

from models_service.critiquing import suggestions
from models_service.engine.backend import (
    Backend,
    CritiqueOutput,
    CritiqueRequest,
    Heartbeat,
    SamplingRequest,
    TokenIds,
    no_heartbeat,
)
from models_service.engine.branching import BranchingBackend
from models_service.engine.interface import (
    Engine,
    EngineError,
    EngineSettings,
    Progress,
    PromptTooLong,
)
from models_service.engine.loading import Loaded, load
from models_service.engine.plain import PlainBackend
from models_service.engine.prefix_tree import PrefixTreeBackend, UnsupportedArchitecture, strategies_for
from models_service.engine.random_streams import RandomStream
from models_service.formats import Pieces, encode, first_tokens
from models_service.types import PAPER_TEMPERATURES, Bundle, ModelIdentity, Subject

log = logging.getLogger(__name__)
#: The most prompts that are scored together.
MAX_SCORED_TOGETHER = 16


def open_local(settings: EngineSettings) -> Engine:
    """The prefix tree where it is exact for the model's architecture, else copied caches, else `plain`.

    The log says which; the identity in every bundle says whether it was `plain`. Raises EngineError where none works.
    """
    loaded = load(settings)
    backend = None if settings.engine == "plain" else _shared_prefixes(loaded, settings.model)
    return LocalEngine(loaded, backend or _plain(loaded, settings.model), settings)


def _shared_prefixes(loaded: Loaded, model: str) -> Backend | None:
    """The fastest backend that is exact for the model; None if there is none."""
    for strategy in strategies_for(loaded):
        try:
            return PrefixTreeBackend(loaded, strategy)
        except UnsupportedArchitecture as reason:
            log.info("the %s strategy does not support %s: %s", strategy, model, reason)
    try:
        backend = BranchingBackend(loaded)
    except UnsupportedArchitecture as reason:
        log.warning("%s falls back to the slower plain engine: %s", model, reason)
        return None
    log.info("%s is read from copies of its cache", model)
    return backend


def _plain(loaded: Loaded, model: str) -> Backend:
    """The reference backend, after a trial. Raises EngineError: then nothing reads this model."""
    backend = PlainBackend(loaded)
    prompt = (*range(1, 6),)
    trial = CritiqueRequest(prompt, prompt, (RandomStream(0, "critique", "trial", 0),), (1.0,))
    try:
        (output,) = backend.critique([trial], 2)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        raise EngineError(
            f"{model} cannot be read: transformers' own generate fails for it ({type(error).__name__}: {error})"
        ) from error
    if not math.isfinite(output.critiqueability):
        raise EngineError(f"{model} cannot be read: it gives no numbers for Yes and No")
    return backend


class LocalEngine:
    """`Engine` on a model in this process."""

    def __init__(self, loaded: Loaded, backend: Backend, settings: EngineSettings) -> None:
        self._loaded = loaded
        self._format = loaded.format
        self._backend = backend
        self._max_rows = settings.max_rows
        self._first = tuple(first_tokens(loaded.tokenizer))
        self.identity = ModelIdentity(
            name=settings.model,
            revision=loaded.revision,
            format_name=loaded.format.name,
            format_version=loaded.format.version,
            dtype=settings.dtype,
            device=settings.device,
            engine="plain" if backend.name == "plain" else "local",
        )

    # ---- Engine

    def check(self, subject: Subject, *, max_new_tokens: int) -> None:
        self._critique_prompt(subject, max_new_tokens)

    def critique(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float] = PAPER_TEMPERATURES,
        max_new_tokens: int = 96,
        progress: Progress | None = None,
    ) -> list[Bundle]:
        """As `Engine.critique`. Grouped by passage, at most `max_rows` critiques at a time."""
        _check_sampling(temperatures, max_new_tokens)
        requests = [self._request(s, seed, tuple(temperatures), max_new_tokens) for s in subjects]
        bundles: dict[int, Bundle] = {}
        total = len(subjects) * len(temperatures)

        def run(indices: list[int]) -> None:
            group = [requests[i] for i in indices]
            report = _reporter(progress, len(bundles) * len(temperatures), len(group) * len(temperatures), total)
            outputs = self._backend.critique(group, max_new_tokens, report)
            shape = _shape(group)
            for place, (index, output) in enumerate(zip(indices, outputs, strict=True)):
                bundles[index] = self._bundle(subjects[index], seed, requests[index], output, {**shape, "place": place})
            report(1.0)

        at_a_time = max(1, self._max_rows // max(1, len(temperatures)))
        for indices in _by_passage(subjects, at_a_time):
            _run_in_halves(indices, run)
        return [bundles[i] for i in range(len(subjects))]

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        prompts = [self._prompt(self._format.critiqueability_prompt(s)) for s in subjects]
        return self._score(subjects, prompts)

    def score_helpfulness(self, subjects: Sequence[Subject], critiques: Sequence[str]) -> list[float]:
        pairs = zip(subjects, critiques, strict=True)
        prompts = [self._prompt(self._format.helpfulness_prompt(s, c)) for s, c in pairs]
        return self._score(subjects, prompts)

    def answer(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        prompts = [self._prompt(self._format.answer_prompt(s)) for s in subjects]
        return self._sample(
            "answer",
            subjects,
            prompts,
            seed=seed,
            temperatures=temperatures,
            max_new_tokens=max_new_tokens,
        )

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
        prompts = [self._prompt(self._format.refinement_prompt(s, c)) for s, c in pairs]
        return self._sample(
            "refine",
            subjects,
            prompts,
            seed=seed,
            temperatures=temperatures,
            max_new_tokens=max_new_tokens,
        )

    # ---- how it is done

    def _prompt(self, pieces: Pieces) -> TokenIds:
        return (*self._first, *encode(self._loaded.tokenizer, pieces))

    def _critique_prompt(self, subject: Subject, max_new_tokens: int) -> TokenIds:
        prompt = self._prompt(self._format.critique_prompt(subject))
        self._check_length(subject, prompt, max_new_tokens + len(self._loaded.helpfulness_tail))
        return prompt

    def _request(
        self, subject: Subject, seed: int, temperatures: tuple[float, ...], max_new_tokens: int
    ) -> CritiqueRequest:
        return CritiqueRequest(
            critique_prompt=self._critique_prompt(subject, max_new_tokens),
            critiqueability_prompt=self._prompt(self._format.critiqueability_prompt(subject)),
            streams=tuple(RandomStream(seed, "critique", subject.key, row) for row in range(len(temperatures))),
            temperatures=temperatures,
        )

    def _bundle(
        self, subject: Subject, seed: int, request: CritiqueRequest, output: CritiqueOutput, grouping: dict[str, int]
    ) -> Bundle:
        return Bundle(
            key=subject.key,
            critiqueability=output.critiqueability,
            suggestions=suggestions(
                [self._text(ids) for ids in output.critiques],
                request.temperatures,
                output.helpfulness,
                self._format.example_critiques,
            ),
            model=self.identity,
            seed=seed,
            grouping={**grouping, "prompt_tokens": len(request.critique_prompt)},
        )

    def _text(self, ids: TokenIds) -> str:
        """The decoded text, without the space that separates it from the colon before it."""
        text = self._loaded.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text).strip()

    def _score(self, subjects: Sequence[Subject], prompts: Sequence[TokenIds]) -> list[float]:
        for subject, prompt in zip(subjects, prompts, strict=True):
            self._check_length(subject, prompt, 0)
        scores: dict[int, float] = {}

        def run(indices: list[int]) -> None:
            scores.update(zip(indices, self._backend.score([prompts[i] for i in indices]), strict=True))

        for indices in _by_passage(subjects, MAX_SCORED_TOGETHER):
            _run_in_halves(indices, run)
        return [scores[i] for i in range(len(prompts))]

    def _sample(
        self,
        task: str,
        subjects: Sequence[Subject],
        prompts: Sequence[TokenIds],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int,
    ) -> list[str]:
        """One continuation per prompt. The n-th occurrence of a key takes its n-th random stream."""
        if not subjects:
            return []
        _check_sampling(temperatures, max_new_tokens)
        seen: Counter[str] = Counter()
        requests = []
        for subject, prompt, temperature in zip(subjects, prompts, temperatures, strict=True):
            self._check_length(subject, prompt, max_new_tokens)
            requests.append(
                SamplingRequest(prompt, RandomStream(seed, task, subject.key, seen[subject.key]), temperature)
            )
            seen[subject.key] += 1
        texts: dict[int, str] = {}

        def run(indices: list[int]) -> None:
            outputs = self._backend.sample([requests[i] for i in indices], max_new_tokens)
            texts.update((i, self._text(ids)) for i, ids in zip(indices, outputs, strict=True))

        for indices in _by_passage(subjects, self._max_rows):
            _run_in_halves(indices, run)
        return [texts[i] for i in range(len(requests))]

    def _check_length(self, subject: Subject, prompt: TokenIds, more: int) -> None:
        context = self._loaded.context
        if context is not None and len(prompt) + more > context:
            raise PromptTooLong(
                f"answer {subject.key!r}: its prompt has {len(prompt)} tokens and {more} more may follow, "
                f"but the model's context is {context}. Shorten the passage or choose another model."
            )


def _reporter(progress: Progress | None, done: int, count: int, total: int) -> Heartbeat:
    """Tells the caller of a group of `count` critiques, before which `done` were written."""
    return no_heartbeat if progress is None else lambda part: progress(done + part * count, total)


def _check_sampling(temperatures: Sequence[float], max_new_tokens: int) -> None:
    """Raises EngineError for what cannot be sampled."""
    if max_new_tokens < 1:
        raise EngineError(f"max_new_tokens must be 1 or more, not {max_new_tokens}")
    if not temperatures or not all(0 <= t < math.inf for t in temperatures):
        raise EngineError(f"temperatures must be numbers of 0 or more, at least one: not {list(temperatures)}")


def _by_passage(subjects: Sequence[Subject], at_a_time: int) -> Iterator[list[int]]:
    """Groups of at most `at_a_time` indices, the subjects of one passage beside each other."""
    order: dict[tuple[str | None, str], list[int]] = {}
    for index, subject in enumerate(subjects):
        order.setdefault((subject.title, subject.passage), []).append(index)
    group: list[int] = []
    for indices in order.values():
        if group and len(group) + len(indices) > at_a_time:
            yield group
            group = []
        group = [*group, *indices]
        while len(group) > at_a_time:
            yield group[:at_a_time]
            group = group[at_a_time:]
    if group:
        yield group


def _run_in_halves(indices: list[int], run: Callable[[list[int]], None]) -> None:
    """Run a group. If memory runs out, run its halves; if a single one is too much, say so."""
    try:
        run(indices)
    except (MemoryError, RuntimeError) as error:
        if not _out_of_memory(error):
            raise
        if len(indices) == 1:
            raise EngineError(
                "the machine's memory does not hold one answer's prompt beside the model: "
                "shorten the passage, or use a smaller model or dtype"
            ) from error
    else:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    log.warning("out of memory with %d answers together; trying half", len(indices))
    middle = len(indices) // 2
    _run_in_halves(indices[:middle], run)
    _run_in_halves(indices[middle:], run)


def _out_of_memory(error: Exception) -> bool:
    """CUDA has an error of its own; torch on CPU raises RuntimeError with this wording."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)


def _shape(group: Sequence[CritiqueRequest]) -> dict[str, int]:
    """What a sampled text depends on in bf16, besides its own record."""
    return {
        "answers": len(group),
        "rows": sum(len(request.temperatures) for request in group),
        "group_prompt_tokens": sum(len(request.critique_prompt) for request in group),
    }
