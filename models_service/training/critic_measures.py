"""How good a critic is on passages that it never saw: what it writes, by the oracle, and what it says of that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean
from typing import Any

from findings.statistics.auc import auc
from models_service.critiquing import suggestions
from models_service.training.own_critiques import Grades, JudgeAll, Writer
from models_service.training.scoring import Scores, score
from models_service.training.tree_reading import TreeReader
from models_service.types import PAPER_TEMPERATURES, JudgedAnswer, JudgedCritique, JudgedPassage, Suggestion

Asked = tuple[JudgedPassage, JudgedAnswer]


@dataclass(frozen=True, slots=True)
class Judged:
    """One flawed answer with the eight critiques of it, and what the oracle says of each."""

    passage: JudgedPassage
    answer: JudgedAnswer
    critiqueability: float
    suggestions: tuple[Suggestion, ...]
    grades: tuple[Grades, ...]

    def verdicts(self) -> list[tuple[float, bool]]:
        """Of each distinct critique: what the critic says of it, and what the oracle says."""
        pairs = zip(self.suggestions, self.grades, strict=True)
        return [(s.helpfulness, grades["valid"]) for s, grades in pairs if s.same_as is None]

    def record(self) -> dict[str, Any]:
        """For reading by people."""
        return {
            "passage": self.passage.passage,
            "question": self.answer.question,
            "answer": self.answer.answer,
            "made": [one.text for one in self.answer.critiques if one.learn],
            "critiqueability": self.critiqueability,
            "suggestions": [asdict(s) | dict(g) for s, g in zip(self.suggestions, self.grades, strict=True)],
        }


def measure(
    writer: Writer, reader: TreeReader, passages: Sequence[JudgedPassage], judge_all: JudgeAll, *, seed: int, rows: int
) -> tuple[dict[str, float], list[Judged]]:
    """Measures by name, and every bundle they are of."""
    made = score(reader, writer.tokenizer, passages, rows=rows)
    flawed = [(p, a) for p in passages for a in p.answers if a.critiqueable]
    bundles = _bundles(writer, reader, flawed, judge_all, seed=seed, rows=rows)
    bare = [(replace(p, passage="", title=None), a) for p, a in flawed]
    greedy = writer.write(bare, [0.0] * len(bare), seed)
    blind = judge_all([(*one, text) for one, text in zip(flawed, greedy, strict=True)])
    return {
        "passages": len(passages),
        "flawed_answers": len(flawed),
        **_of_verdicts(passages, made),
        **_of_bundles(bundles),
        "greedy_valid_without_the_passage": _share(blind),
    }, bundles


def _bundles(
    writer: Writer, reader: TreeReader, asked: Sequence[Asked], judge_all: JudgeAll, *, seed: int, rows: int
) -> list[Judged]:
    """Eight critiques of each answer, as labelers get them."""
    each = len(PAPER_TEMPERATURES)
    many = [one for one in asked for _ in PAPER_TEMPERATURES]
    texts = writer.write(many, [*PAPER_TEMPERATURES] * len(asked), seed)
    grades = judge_all([(*one, text) for one, text in zip(many, texts, strict=True)])
    groups = [texts[at : at + each] for at in range(0, len(texts), each)]
    own = [replace(p, answers=(_with(a, said),)) for (p, a), said in zip(asked, groups, strict=True)]
    scores = [told[0] for told in score(reader, writer.tokenizer, own, rows=rows)]
    return [
        Judged(
            passage, answer, told.critiqueability, suggestions(said, PAPER_TEMPERATURES, told.helpfulness),
            tuple(grades[at * each : (at + 1) * each]),
        )
        for at, ((passage, answer), said, told) in enumerate(zip(asked, groups, scores, strict=True))
    ]  # fmt: skip


def _with(answer: JudgedAnswer, texts: Iterable[str]) -> JudgedAnswer:
    return replace(answer, critiques=tuple(JudgedCritique(text, None, learn=False) for text in texts))


def _of_verdicts(passages: Sequence[JudgedPassage], made: Sequence[Sequence[Scores]]) -> dict[str, float]:
    """On what the generator made: flawed against sound answers, valid against false critiques."""
    pairs = [(a, s) for p, scores in zip(passages, made, strict=True) for a, s in zip(p.answers, scores, strict=True)]
    flaws = [(s.critiqueability, a.critiqueable) for a, s in pairs if a.critiqueable is not None]
    verdicts = [
        (said, one.helpful)
        for a, s in pairs
        for one, said in zip(a.critiques, s.helpfulness, strict=True)
        if one.helpful is not None
    ]
    return {"critiqueability_auc": _area(flaws), "helpfulness_auc_on_made_critiques": _area(verdicts)}


def _of_bundles(bundles: Sequence[Judged]) -> dict[str, float]:
    greedy = [one.grades[PAPER_TEMPERATURES.index(0.0)] for one in bundles]
    first = [one.grades[s.sample_index] for one in bundles for s in one.suggestions if s.rank == 0]
    own = [one.verdicts() for one in bundles]
    within = [area for some in own if not math.isnan(area := _area(some))]
    return {
        **{f"greedy_{name}": _share(greedy, name) for name in _names(greedy)},
        **{f"first_shown_{name}": _share(first, name) for name in _names(first)},
        "any_of_eight_valid": mean(any(g["valid"] for g in one.grades) for one in bundles) if bundles else 0.0,
        "helpfulness_auc_on_own_critiques": _area([pair for some in own for pair in some]),
        "helpfulness_auc_within_an_answer": mean(within) if within else math.nan,
    }


def _names(grades: Sequence[Grades]) -> list[str]:
    return list(grades[0]) if grades else []


def _share(grades: Sequence[Grades], name: str = "valid") -> float:
    """Of those to which the grade applies."""
    told = [one[name] for one in grades if name in one]
    return mean(told) if told else math.nan


def _area(pairs: Sequence[tuple[float, bool | None]]) -> float:
    return auc([score for score, _ in pairs], [bool(true) for _, true in pairs])
