"""What the reports critic is taught: first to answer, then to criticise; short reports first, then longer ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from models_service.formats import FINETUNED
from models_service.synthetic.report_answers import draw_answer, drill_answer
from models_service.synthetic.report_critiques import invalid_critiques
from models_service.synthetic.report_flaws import find_flaws, verdicts
from models_service.synthetic.report_text import read_statements
from models_service.synthetic.reports import (
    Question,
    Report,
    Reports,
    Vocabulary,
    honest_answer,
    make_report,
)
from models_service.synthetic.task import Problem
from models_service.training.small.lessons import Graded, Proportions, Sheet, with_own_critiques
from models_service.training.small.probe import Probe, Probed
from models_service.types import Subject

TASK = Reports()
#: Training-only questions: what is wrong with the value ending here, or left out before it (0), how each of
#: the topic's five facts fares, asked at the answer's end (1 to 5), which of the five the report tells next
#: after this one (6).
QUESTIONS, CLASSES = 7, 6
_SENTENCE = {None: 0, "misstated": 1, "invented": 2, "stray": 3}
_SKIPPED = 4
_FACT = {"untold": 0, "right": 1, "omitted": 2, "misstated": 3, "invented": 4}
_NONE_NEXT = 5


def proportions(stage: float) -> Proportions:
    """Stage 0 to 1 is the first round, mostly the base task; 1 to 2 the second, everything."""
    if stage < 1:
        return Proportions(verdicts=0.1 if stage < 0.7 else 0.4, passage=0.2)
    return Proportions(verdicts=1.0, valid=2, invalid=2, refinements=0.1 if stage > 1.5 else 0.0)


def vocabulary(stage: float) -> Vocabulary:
    """Few made-up words until the first round has taught copying, then more."""
    ramp = min(1.0, max(0.0, stage - 0.5))
    return Vocabulary(made_up_names=0.2 + 0.35 * ramp, made_up_values=0.05 + 0.12 * ramp)


def words(rng: Random, stage: float) -> tuple[int, int]:
    """How many words the report may have. Each round begins with short ones; a few are longer at the end."""
    if stage > 1.6 and rng.random() < 0.15:
        return 130, 220
    if stage < 1:
        return 12, 50 + round(80 * max(0.0, stage - 0.4))
    grown = min(1.0, max(0.0, 3 * (stage - 1.05)))
    return 10 + round(25 * grown), 36 + round(94 * grown)


def sheet(rng: Random, stage: float) -> Sheet:
    """A report with graded answers; in the second round half of them flawed."""
    report = make_report(rng, words=words(rng, stage), vocabulary=vocabulary(stage))
    number = rng.randint(4, 7) if stage < 1 else rng.randint(3, 5)
    flawed = 0.2 if stage < 1 else 0.5
    graded = []
    drill = 0.0 if stage < 1 else 0.3 if stage < 1.3 else 0.1
    for _ in range(number):
        drawn = drill_answer(rng, report) if rng.random() < drill else draw_answer(rng, report, flawed=flawed)
        graded.append(grade(rng, report, *drawn))
    return Sheet(report.text, graded, report.title if rng.random() < 0.5 else None)


def grade(rng: Random, report: Report, question: Question, answer: str) -> Graded:
    """What the oracles say of an answer, with the training-only hints."""
    facts = report.facts(question.asked)
    flaws, _ = find_flaws(facts, question.asked, answer)
    valid = [flaw.critique for flaw in flaws]
    fixed = honest_answer(rng, report, question)
    return Graded(
        question=question.text,
        answer=answer,
        valid=valid,
        invalid=invalid_critiques(rng, report, question, answer),
        hints=_hints(report, question, answer),
        emphasis=_values(answer),
        refinements=[(None, fixed), *([(valid[0], fixed)] if len(valid) == 1 else [])] if valid else [],
    )


def _values(answer: str) -> list[tuple[int, int, float]]:
    """The values an answer states count threefold: they are what must be read."""
    spans, place = [], 0
    for one in read_statements(answer, "?"):
        if one is not None:
            place = answer.index(one.value, place)
            spans.append((place, place + len(one.value), 3.0))
            place += len(one.value)
    return spans


def _hints(report: Report, question: Question, answer: str) -> list[tuple[int, int, int]]:
    facts = report.facts(question.asked)
    keys = [fact.key for fact in question.asked.topic.facts]
    told = {one.kind: one.value for one in read_statements(answer, question.asked.name) if one}
    hints = []
    for number, key in enumerate(keys):
        if key in facts:
            state = "omitted" if key not in told else "right" if told[key] == facts[key] else "misstated"
        else:
            state = "invented" if key in told else "untold"
        hints.append((len(answer), 1 + number, _FACT[state]))
    order, end, due = list(facts), 0, 0
    read = read_statements(answer, question.asked.name)
    for one, verdict in zip(read, verdicts(facts, question.asked, answer), strict=True):
        end = answer.find(".", end) + 1
        if one is None:
            continue
        wrong = _SENTENCE[verdict]
        if one.kind in order and one.subject == question.asked.name:
            place = order.index(one.kind)
            wrong = wrong or (_SKIPPED if place > due else 0)
            due = place + 1
            hints.append((end, 6, keys.index(order[due]) if due < len(order) else _NONE_NEXT))
        hints.append((answer.rindex(one.value, 0, end) + len(one.value), 0, wrong))
    hints.append((len(answer), 0, _SKIPPED if due < len(order) else 0))
    return hints


def corpus(rng: Random) -> Iterator[str]:
    """Text to learn the vocabulary from. Few words in it are made up, so that it learns the listed ones whole."""
    plain = Vocabulary(made_up_names=0.25, made_up_values=0.05)
    for _ in range(6000):
        report = make_report(rng, words=(40, 120), vocabulary=plain)
        subject = Subject(key="", passage=report.text, question="", answer="", title=report.title)
        yield "".join(piece.text for piece in FINETUNED.passage(subject))
        question, answer = draw_answer(rng, report, flawed=0.5)
        graded = grade(rng, report, question, answer)
        subject = Subject(key="", passage="", question=question.text, answer=answer)
        for critique in (*graded.valid, *graded.invalid[:2]):
            yield "".join(p.text for p in FINETUNED.helpfulness_example(subject, critique, bool(graded.valid)))
        yield "".join(piece.text for piece in FINETUNED.refinement_prompt(subject, None))


def probed(rng: Random, number: int, *, length: tuple[int, int] = (40, 120), held_out: bool = False) -> list[Probed]:
    """Fresh problems to look at, half flawed, worded as after training."""
    words_from = Vocabulary(held_out=held_out)
    found = []
    for place in range(number):
        report = make_report(rng, words=length, vocabulary=words_from)
        question, answer = draw_answer(rng, report, flawed=float(place % 2))
        problem = Problem(report.text, question.text, report.title)
        graded = grade(rng, report, question, answer)
        pairs = [(text, True) for text in rng.sample(list(graded.valid), min(1, len(graded.valid)))]
        pairs += [(text, False) for text in graded.invalid[:1] if graded.valid]
        found.append(
            Probed(
                Subject(str(place), report.text, question.text, answer, report.title),
                critiqueable=bool(graded.valid),
                helpful=partial(TASK.is_helpful, problem, answer),
                examples=pairs,
            )
        )
    return found


def probe(probe: Probe, stage: float) -> dict[str, float]:
    """The quick look of the loop: 96 problems, and the base task on the same questions."""
    length = (15, 60) if stage < 0.5 else (40, 120)
    problems = probed(Random(1_000_003), 96, length=length)
    sound = told = 0
    for one, said in zip(problems, probe.answers([p.subject for p in problems]), strict=True):
        problem = Problem(one.subject.passage, one.subject.question)
        sound += not TASK.is_critiqueable(problem, said)
        told += 1
    return probe.look(problems) | {"base": round(sound / told, 3)}


def own(probe: Probe, rng: Random) -> list[Sheet]:
    """Fresh problems of the last stage with what the model itself says of their answers, at three temperatures."""
    sheets = [sheet(rng, 2.0) for _ in range(40)]
    subjects = [
        Subject("", one.passage, graded.question, graded.answer, one.title) for one in sheets for graded in one.graded
    ]
    drawn = [probe.critiques(subjects, temperature=t, seed=rng.randrange(2**31)) for t in (0.3, 0.6, 1.0)]
    said = iter(zip(*drawn, strict=True))
    return [with_own_critiques(one, [next(said) for _ in one.graded], TASK) for one in sheets]
