"""Refinements against the original answer (paper, section 4.3; Figures 6 and 7), on synthetic tasks.

All sampling at temperature 0.5. For each n of the grid:

- direct: n refinements of the answer, the one least critiqueable by the model's score;
- conditional: n critiques, and one refinement in the light of the one most helpful by the model's score;
- best-of-n: the least critiqueable of n answers, the original among them.

With opt-out the original stays unless the model's score prefers the other; without, the other is forced. The
judge is the oracle (a right answer beats a wrong one, else a tie) or the model's own score; each outcome
says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from findings.model_evaluations.refining import Contest, Judge, Method, Outcome
from models_service.engine.interface import Engine
from models_service.evaluation.sampling import SampledAnswers, sample_answers
from models_service.synthetic import SyntheticTask
from models_service.types import Subject, Suggestion

GRID: Final = (1, 2, 4, 8)
TEMPERATURE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Scored:
    """A text and the model's score that it has a flaw."""

    text: str
    critiqueability: float


@dataclass(frozen=True, slots=True)
class Refined:
    """One original answer and what one method made of it."""

    asked: SampledAnswers
    original: Scored
    method: Method
    n: int
    candidate: Scored

    def kept(self, *, opt_out: bool) -> Scored:
        """What the method ends with: the candidate, or the original where it may be and the score prefers it."""
        worse = self.candidate.critiqueability >= self.original.critiqueability
        return self.original if opt_out and worse else self.candidate


def refine_all(
    engine: Engine, task: SyntheticTask, *, problems: int, seed: int, grid: Sequence[int] = GRID
) -> Iterator[Refined]:
    """Refine the model's own answers by every method and n. Raises EngineError, PromptTooLong."""
    most = max(grid)
    asked = sample_answers(engine, task, problems=problems, answers=most, temperature=TEMPERATURE, seed=seed)
    originals = [one.subject(0) for one in asked]
    answers = _score(engine, [one.subject(k) for one in asked for k in range(most)], most)
    direct = _refinements(engine, originals, most, seed=seed)
    bundles = engine.critique(originals, seed=seed, temperatures=[TEMPERATURE] * most)
    for n in grid:
        best = [_most_helpful([s for s in b.suggestions if s.sample_index < n]) for b in bundles]
        texts = engine.refine(originals, best, seed=seed, temperatures=[TEMPERATURE] * len(originals))
        subjects = [replace(subject, answer=text) for subject, text in zip(originals, texts, strict=True)]
        conditional = [scores[0] for scores in _score(engine, subjects, 1)]
        for k, one in enumerate(asked):
            original = answers[k][0]
            yield Refined(one, original, "direct", n, _least_critiqueable(direct[k][:n]))
            yield Refined(one, original, "conditional", n, conditional[k])
            if n > 1:
                yield Refined(one, original, "best-of-n", n, _least_critiqueable(answers[k][:n]))


def outcomes(refined: Iterator[Refined] | Sequence[Refined], task: SyntheticTask, source: str) -> Iterator[Outcome]:
    """Each refinement judged by the oracle and by the model's score, with opt-out and without."""
    for one in refined:
        for opt_out in (True, False):
            kept = one.kept(opt_out=opt_out)
            by: dict[Judge, float] = {"oracle": _by_oracle(task, one, kept), "score": _by_score(one, kept)}
            for judge, win in by.items():
                contest = Contest(source, one.method, one.n, opt_out, judge)
                yield Outcome(contest, one.asked.passage, win)


def _by_oracle(task: SyntheticTask, one: Refined, kept: Scored) -> float:
    problem = one.asked.problem
    wrong = task.is_critiqueable(problem, one.original.text), task.is_critiqueable(problem, kept.text)
    return 0.5 * (1 + int(wrong[0]) - int(wrong[1]))


def _by_score(one: Refined, kept: Scored) -> float:
    before, after = one.original.critiqueability, kept.critiqueability
    return 0.5 * (1 + (before > after) - (before < after))


def _score(engine: Engine, subjects: Sequence[Subject], each: int) -> list[list[Scored]]:
    """Scored answers, in groups of `each`."""
    scores = engine.score_critiqueability(subjects)
    scored = [Scored(subject.answer, score) for subject, score in zip(subjects, scores, strict=True)]
    return [scored[start : start + each] for start in range(0, len(scored), each)]


def _refinements(engine: Engine, originals: Sequence[Subject], n: int, *, seed: int) -> list[list[Scored]]:
    """`n` direct refinements of each answer."""
    subjects = [subject for subject in originals for _ in range(n)]
    none: list[str | None] = [None] * len(subjects)
    texts = engine.refine(subjects, none, seed=seed, temperatures=[TEMPERATURE] * len(subjects))
    refined = [
        replace(subject, answer=text, key=f"{subject.key}.{k % n}")
        for k, (subject, text) in enumerate(zip(subjects, texts, strict=True))
    ]
    return _score(engine, refined, n)


def _most_helpful(suggestions: Sequence[Suggestion]) -> str:
    return max(suggestions, key=lambda suggestion: suggestion.helpfulness).text


def _least_critiqueable(candidates: Sequence[Scored]) -> Scored:
    return min(candidates, key=lambda candidate: candidate.critiqueability)
