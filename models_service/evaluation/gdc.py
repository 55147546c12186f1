"""Generator, discriminator, critique gaps on synthetic tasks, judged by their oracles (paper, section 5,
Figure 9).

Answers at temperature 1 and one forced critique of each at temperature 0, as in the paper. The arithmetic is
in `findings.model_evaluations.gdc`; here the samples are made.
"""

from __future__ import annotations

from findings.model_evaluations.gdc import Question, Sample
from models_service.engine.interface import Engine
from models_service.evaluation.sampling import forced_critiques, sample_answers
from models_service.synthetic import SyntheticTask


def sample_questions(
    engine: Engine,
    task: SyntheticTask,
    *,
    problems: int,
    samples: int,
    seed: int,
    answer_temperature: float = 1.0,
    critique_temperature: float = 0.0,
) -> list[Question]:
    """`samples` answers to each of `problems` fresh problems, with the oracle's word on each.

    Raises EngineError, PromptTooLong.
    """
    asked = sample_answers(engine, task, problems=problems, answers=samples, temperature=answer_temperature, seed=seed)
    subjects = [one.subject(k) for one in asked for k in range(samples)]
    said = iter(forced_critiques(engine, subjects, temperature=critique_temperature, seed=seed))
    questions = []
    for one in asked:
        made = []
        for answer in one.answers:
            critiqueability, critique = next(said)
            made.append(
                Sample(
                    critiqueability=critiqueability,
                    helpful=task.is_helpful(one.problem, answer, critique),
                    severity=None,
                    perfect=not task.is_critiqueable(one.problem, answer),
                )
            )
        questions.append(Question(one.passage, tuple(made)))
    return questions
