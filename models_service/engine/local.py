"""The local engine: texts to token ids, groups by passage, and back to bundles."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import torch

from models_service.critiquing import suggestions
from models_service.engine.backend import Ask, Backend, Ids, Row, Told
from models_service.engine.interface import (
    Engine,
    EngineError,
    EngineSettings,
    Progress,
    PromptTooLong,
)
from models_service.engine.loading import Loaded, load
from models_service.engine.plain import PlainBackend
from models_service.engine.prefix_tree import NotCovered, PrefixTreeBackend, ways_for
from models_service.engine.random_streams import RandomStream
from models_service.formats import Pieces, encode, first_tokens
from models_service.types import PAPER_TEMPERATURES, Bundle, ModelIdentity, Subject

log = logging.getLogger(__name__)
#: How many prompts are scored together, at most.
SCORED_TOGETHER = 16


def open_local(settings: EngineSettings) -> Engine:
    """The prefix tree where it is exact for the model's architecture, else `plain`, said in the log and in
    the identity that every bundle carries."""
    loaded = load(settings)
    if settings.engine == "plain":
        return LocalEngine(loaded, PlainBackend(loaded), settings)
    for by in ways_for(loaded):
        try:
            return LocalEngine(loaded, PrefixTreeBackend(loaded, by), settings)
        except NotCovered as reason:
            log.warning("%s cannot be read by %s: %s", settings.model, by, reason)
    log.warning("%s falls back to the slower plain engine", settings.model)
    return LocalEngine(loaded, PlainBackend(loaded), settings)


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
            engine="local" if backend.name == "prefix_tree" else backend.name,
        )

    # ---- what an engine does

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
        asks = [self._ask(s, seed, tuple(temperatures), max_new_tokens) for s in subjects]
        bundles: dict[int, Bundle] = {}
        total = len(subjects) * len(temperatures)

        def tell() -> None:
            if progress:
                progress(len(bundles) * len(temperatures), total)

        def run(indices: list[int]) -> None:
            group = [asks[i] for i in indices]
            told = self._backend.critique(group, max_new_tokens, tell)
            shape = _shape(group)
            for place, (index, answer) in enumerate(zip(indices, told, strict=True)):
                bundles[index] = self._bundle(subjects[index], seed, asks[index], answer, {**shape, "place": place})
            tell()

        at_a_time = max(1, self._max_rows // max(1, len(temperatures)))
        for indices in _by_passage(subjects, at_a_time):
            _in_smaller_groups(indices, run)
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
        return self._write(
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
        return self._write(
            "refine",
            subjects,
            prompts,
            seed=seed,
            temperatures=temperatures,
            max_new_tokens=max_new_tokens,
        )

    # ---- how

    def _prompt(self, pieces: Pieces) -> Ids:
        return (*self._first, *encode(self._loaded.tokenizer, pieces))

    def _critique_prompt(self, subject: Subject, max_new_tokens: int) -> Ids:
        prompt = self._prompt(self._format.critique_prompt(subject))
        self._check_length(subject, prompt, max_new_tokens + len(self._loaded.helpfulness_tail))
        return prompt

    def _ask(self, subject: Subject, seed: int, temperatures: tuple[float, ...], max_new_tokens: int) -> Ask:
        return Ask(
            critique=self._critique_prompt(subject, max_new_tokens),
            critiqueability=self._prompt(self._format.critiqueability_prompt(subject)),
            streams=tuple(RandomStream(seed, "critique", subject.key, row) for row in range(len(temperatures))),
            temperatures=temperatures,
        )

    def _bundle(self, subject: Subject, seed: int, ask: Ask, told: Told, grouping: dict[str, int]) -> Bundle:
        return Bundle(
            key=subject.key,
            critiqueability=told.critiqueability,
            suggestions=suggestions([self._text(ids) for ids in told.critiques], ask.temperatures, told.helpfulness),
            model=self.identity,
            seed=seed,
            grouping={**grouping, "prompt_tokens": len(ask.critique)},
        )

    def _text(self, ids: Ids) -> str:
        """What was said, without the space that separates it from the colon before it."""
        text = self._loaded.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text).strip()

    def _score(self, subjects: Sequence[Subject], prompts: Sequence[Ids]) -> list[float]:
        for subject, prompt in zip(subjects, prompts, strict=True):
            self._check_length(subject, prompt, 0)
        scores: dict[int, float] = {}

        def run(indices: list[int]) -> None:
            scores.update(zip(indices, self._backend.score([prompts[i] for i in indices]), strict=True))

        for indices in _by_passage(subjects, SCORED_TOGETHER):
            _in_smaller_groups(indices, run)
        return [scores[i] for i in range(len(prompts))]

    def _write(
        self,
        task: str,
        subjects: Sequence[Subject],
        prompts: Sequence[Ids],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int,
    ) -> list[str]:
        """One continuation per prompt; the n-th occurrence of a key takes its n-th random stream."""
        if not subjects:
            return []
        _check_sampling(temperatures, max_new_tokens)
        seen: Counter[str] = Counter()
        rows = []
        for subject, prompt, temperature in zip(subjects, prompts, temperatures, strict=True):
            self._check_length(subject, prompt, max_new_tokens)
            rows.append(Row(prompt, RandomStream(seed, task, subject.key, seen[subject.key]), temperature))
            seen[subject.key] += 1
        texts: dict[int, str] = {}

        def run(indices: list[int]) -> None:
            written = self._backend.sample([rows[i] for i in indices], max_new_tokens)
            texts.update((i, self._text(ids)) for i, ids in zip(indices, written, strict=True))

        for indices in _by_passage(subjects, self._max_rows):
            _in_smaller_groups(indices, run)
        return [texts[i] for i in range(len(rows))]

    def _check_length(self, subject: Subject, prompt: Ids, more: int) -> None:
        context = self._loaded.context
        if context is not None and len(prompt) + more > context:
            raise PromptTooLong(
                f"answer {subject.key!r}: its prompt has {len(prompt)} tokens and {more} more may follow, "
                f"but the model's context is {context}. Shorten the passage or choose another model."
            )


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


def _in_smaller_groups(indices: list[int], run: Callable[[list[int]], None]) -> None:
    """Run a group; where memory runs out, its halves; where one alone is too much, say so."""
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
    _in_smaller_groups(indices[:middle], run)
    _in_smaller_groups(indices[middle:], run)


def _out_of_memory(error: Exception) -> bool:
    """CUDA has an error of its own; torch on CPU raises RuntimeError with this wording."""
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "allocate memory" in str(error)


def _shape(group: Sequence[Ask]) -> dict[str, int]:
    """What, in bf16, the sampled text depends on beside its own record."""
    return {
        "answers": len(group),
        "rows": sum(len(ask.temperatures) for ask in group),
        "group_prompt_tokens": sum(len(ask.critique) for ask in group),
    }
