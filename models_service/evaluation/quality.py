"""How often critiques are valid: critic by answerer, on all answers and on critiqueable ones (Figures 4b,
4c, 5).

Every answerer answers the same fresh problems, and every critic criticises every answer, once, forced. The
grid's diagonal is self-critique. Validity is the oracle's word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from models_service.engine.interface import Engine
from models_service.evaluation.sampling import forced_critiques, sample_answers
from models_service.synthetic import SyntheticTask

Answers = Literal["all", "critiqueable"]


class Cell(NamedTuple):
    """One place of the grid, over all of the answerer's answers or the critiqueable ones."""

    critic: str
    answerer: str
    answers: Answers


def valid_critiques(
    engines: Mapping[str, Engine],
    task: SyntheticTask,
    *,
    problems: int,
    seed: int,
    answer_temperature: float = 1.0,
    critique_temperature: float = 0.0,
) -> Iterator[tuple[Cell | str, str, float]]:
    """(cell, passage, 1 if the critique is valid else 0); and (answerer, passage, 1 if its answer is
    critiqueable).

    What `findings.statistics.means.means` takes. Raises EngineError, PromptTooLong.
    """
    for answerer, engine in engines.items():
        asked = sample_answers(engine, task, problems=problems, answers=1, temperature=answer_temperature, seed=seed)
        flawed = [task.is_critiqueable(one.problem, one.answers[0]) for one in asked]
        for one, wrong in zip(asked, flawed, strict=True):
            yield answerer, one.passage, float(wrong)
        for critic, judge in engines.items():
            subjects = [one.subject(0) for one in asked]
            said = forced_critiques(judge, subjects, temperature=critique_temperature, seed=seed)
            for one, wrong, (_, critique) in zip(asked, flawed, said, strict=True):
                valid = float(task.is_helpful(one.problem, one.answers[0], critique))
                yield Cell(critic, answerer, "all"), one.passage, valid
                if wrong:
                    yield Cell(critic, answerer, "critiqueable"), one.passage, valid
