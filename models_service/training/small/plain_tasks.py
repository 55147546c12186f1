"""What the curricula of tasks without a passage share: the vocabulary's text and the quick look."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from models_service.formats import FINETUNED
from models_service.synthetic.task import Problem, SyntheticTask
from models_service.training.small.probe import Probe, Probed
from models_service.types import Subject


def corpus(task: SyntheticTask, rng: Random) -> Iterator[str]:
    """Text to learn the vocabulary from."""
    for _ in range(2000):
        problem = task.generate(rng)
        wrong = task.corrupt(rng, problem)
        critique = task.valid_critiques(problem, wrong)[0]
        subject = Subject(key="", passage="", question=problem.question, answer=wrong)
        for label in (True, False):
            yield "".join(piece.text for piece in FINETUNED.helpfulness_example(subject, critique, label))
        yield "".join(piece.text for piece in FINETUNED.refinement_prompt(subject, None))


def probed(task: SyntheticTask, rng: Random, number: int) -> list[Probed]:
    """Problems to look at, as the task draws them: every other answer sound."""
    found = []
    for place in range(number):
        problem, answer = task.draw(rng, flawed=place % 2 == 1)
        valid = task.valid_critiques(problem, answer)
        invalid = task.invalid_critiques(rng, problem, answer)
        found.append(
            Probed(
                Subject(key=str(place), passage="", question=problem.question, answer=answer),
                critiqueable=bool(valid),
                helpful=partial(task.is_helpful, problem, answer),
                examples=[(text, True) for text in valid[:1]] + [(text, False) for text in invalid[:1] if valid],
            )
        )
    return found


def look(task: SyntheticTask, probe: Probe, stage: float) -> dict[str, float]:
    """The quick look of the loop, the same at every stage: 128 problems, and the base task on the same questions."""
    problems = probed(task, Random(1_000_003), 128)
    said = probe.answers([one.subject for one in problems])
    sound = [
        not task.is_critiqueable(Problem("", one.subject.question), text)
        for text, one in zip(said, problems, strict=True)
    ]
    return probe.look(problems) | {"base": round(sum(sound) / len(sound), 3)}
