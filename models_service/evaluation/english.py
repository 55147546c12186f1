"""Measuring a critic of English on texts that it never saw: what its critiques name, and what it guesses unread.

Every number comes with a 95 % interval. `valid`, `names the false` and `names both` are the oracle's grades
(`models_service/synthetic/english/oracle.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from models_service.engine.interface import Engine
from models_service.evaluation.self_critique import (
    Estimate,
    JudgedByOracle,
    critic_measures,
    draw_problems,
    judge_all,
    oracle_helpfulness,
    share,
)
from models_service.evaluation.shipped import without_passage
from models_service.synthetic.english import English, Verdict
from models_service.synthetic.english.flaws import FlawName
from models_service.synthetic.english.passages import Split

#: What is never trained on, as a reader of the card calls it.
SETS: Final[dict[str, Split]] = {"a source never seen": "held_out_sources", "passages never seen": "held_out_passages"}
_GRADES: Final[dict[str, Callable[[Verdict], bool]]] = {
    "names the false": lambda verdict: verdict.names_false,
    "names both": lambda verdict: verdict.names_both,
}
_FLAWS: Final[tuple[FlawName, ...]] = ("misstated", "omitted", "added", "strayed", "unanswered")


def measure_english(
    engine: Engine, *, number: int, seed: int, split: Split = "held_out_sources", most_words: int = 1100
) -> list[Estimate]:
    """All measures on `number` made answers, half of them flawed. Raises EngineError, PromptTooLong."""
    task = English(split, most_words=most_words)
    answered = draw_problems(task, number=number, seed=seed)
    judged = judge_all(engine, task, answered, seed=seed)
    helpfulness = oracle_helpfulness(engine, task, answered, seed=seed)
    blind = without_passage(engine, task, answered, seed=seed)
    return [
        *critic_measures(judged, helpfulness, seed=seed),
        *graded(task, judged),
        *by_flaw(task, judged),
        Estimate("greedy critique valid, passage removed", blind.number, blind.interval),
    ]


def graded(task: English, judged: Sequence[JudgedByOracle]) -> list[Estimate]:
    """What the greedy and the first shown critique name, of all flawed answers and of those with values misstated."""
    flawed = np.array([one.critiqueable for one in judged], float)
    misstated = np.array([_names(task, one) == {"misstated"} for one in judged], float)
    found = []
    for of, text in (("greedy critique", _greedy), ("first critique shown", _first)):
        verdicts = [task.verdict(one.problem, one.answer, text(one)) for one in judged]
        for name, grade in _GRADES.items():
            hits = np.array([grade(one) for one in verdicts], float)
            found.append(share(f"{of} {name}", hits, flawed))
            found.append(share(f"{of} {name}, misstated values only", hits, misstated))
    return found


def by_flaw(task: English, judged: Sequence[JudgedByOracle]) -> list[Estimate]:
    """Greedy validity among answers whose flaws are all of one name."""
    valid = np.array([one.greedy_valid for one in judged], float)
    chosen = {name: np.array([_names(task, one) == {name} for one in judged], float) for name in _FLAWS}
    return [share(f"greedy critique valid, {name} only", valid, cases) for name, cases in chosen.items() if cases.any()]


def _names(task: English, one: JudgedByOracle) -> set[FlawName]:
    return {flaw.name for flaw in task.flaws(one.problem, one.answer)}


def _greedy(one: JudgedByOracle) -> str:
    return one.greedy


def _first(one: JudgedByOracle) -> str:
    """Nothing, where no sample was a critique."""
    return one.texts[0] if one.texts else ""
