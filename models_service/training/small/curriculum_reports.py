"""What the reports critic is taught: first to answer, then to criticise; short reports first, then longer ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from random import Random

from models_service.formats import FINETUNED
from models_service.synthetic.report_answers import draw_answer, drill_answer, honest_answer
from models_service.synthetic.report_critiques import invalid_critiques
from models_service.synthetic.report_flaws import find_flaws, verdicts
from models_service.synthetic.report_passages import Question, Report, Vocabulary, make_report
from models_service.synthetic.report_text import read_statements
from models_service.synthetic.reports import Reports
from models_service.synthetic.task import Problem
from models_service.training.small.feeding import Curriculum
from models_service.training.small.lessons import Graded, Proportions, Sheet
from models_service.training.small.probe import Probe, Probed
from models_service.training.small.vocabulary import Split
from models_service.types import Subject

TASK = Reports()
SPLIT: Split = "words"
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


def vocabulary(rng: Random, stage: float) -> Vocabulary:
    """Few made-up words until copying is learned, then a report has anything from some to most of its words made up.

    Half of those are of any letters, so that reading is learned and not a list of words.
    """
    ramp = min(1.0, max(0.0, (stage - 0.3) / 1.2))
    strangeness = rng.random()
    return Vocabulary(
        made_up_names=0.2 + ramp * (0.1 + 0.6 * strangeness),
        made_up_values=0.05 + ramp * 0.7 * strangeness,
        strange=0.5 * ramp,
    )


def words(rng: Random, stage: float) -> tuple[int, int]:
    """How many words the report may have. Each round begins with short ones; long ones come at the end."""
    if stage > LONG_FROM:
        return rng.choice(((40, 120), (40, 120), (120, 250), (250, 400)))
    if stage < 1:
        return 12, 50 + round(80 * max(0.0, stage - 0.4))
    grown = min(1.0, max(0.0, 3 * (stage - 1.05)))
    return 10 + round(25 * grown), 36 + round(94 * grown)


#: The stage from which reports may have 400 words, which want rows of 1024 tokens.
LONG_FROM = 1.5
#: Weights of omitted, misstated, invented and stray facts: more of the last two than where the critic is
#: measured, for otherwise they are too rare to be learned.
_SHARES = (0.3, 0.3, 0.2, 0.2)


def sheet(rng: Random, stage: float) -> Sheet:
    """A report with graded answers; in the second round half of them flawed."""
    vocabulary_now = vocabulary(rng, stage)
    report = make_report(rng, words=words(rng, stage), vocabulary=vocabulary_now)
    number = _answers(rng, stage, len(report.text))
    flawed = 0.2 if stage < 1 else 0.5
    graded = []
    drill = 0.0 if stage < 1 else 0.3 if stage < 1.3 else 0.1
    for _ in range(number):
        drawn = (
            drill_answer(rng, report)
            if rng.random() < drill
            else draw_answer(rng, report, flawed=flawed, shares=_SHARES)
        )
        graded.append(grade(rng, report, *drawn))
    return Sheet(report.text, graded, report.title if rng.random() < 0.5 else None)


def _answers(rng: Random, stage: float, characters: int) -> int:
    """How many answers share a report: about what fills a row of 1024 tokens, or half of one."""
    if stage < 1:
        return rng.randint(4, 7)
    return 3 if characters > _LONG else rng.randint(2, 5)


#: Characters of a report, some 250 words.
_LONG = 1400


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


@lru_cache
def _looked_at(length: tuple[int, int], number: int, held_out: bool) -> list[Probed]:
    """The same problems at every look."""
    return probed(Random(1_000_003), number, length=length, held_out=held_out)


def probe(probe: Probe, stage: float) -> dict[str, float]:
    """The quick look of the loop: 96 problems, and the base task on the same questions.

    Once reports are long, also the share of valid critiques on long ones and on words never seen.
    """
    problems = _looked_at((15, 60) if stage < 0.5 else (40, 120), 96, False)
    answers = probe.answers([one.subject for one in problems])
    sound = sum(
        not TASK.is_critiqueable(Problem(one.subject.passage, one.subject.question), said)
        for one, said in zip(problems, answers, strict=True)
    )
    found = probe.look(problems) | {"base": round(sound / len(problems), 3)}
    if stage > LONG_FROM:
        found["valid_long"] = probe.look(_looked_at((250, 400), 96, False))["valid"]
        found["valid_unseen"] = probe.look(_looked_at((40, 120), 96, True))["valid"]
    return found


def curriculum() -> Curriculum:
    return Curriculum(TASK, sheet, proportions, probe, QUESTIONS, CLASSES, own=40)
