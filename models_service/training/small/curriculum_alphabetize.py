"""What the alphabetize critic is taught: a few words put in order, then eighteen; and what is wrong with a list."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import partial
from random import Random

from models_service.synthetic.alphabetize import Alphabetize, given, known_words
from models_service.synthetic.task import Problem
from models_service.training.small import plain_tasks
from models_service.training.small.feeding import Curriculum
from models_service.training.small.lessons import Graded, Proportions, Sheet
from models_service.training.small.vocabulary import Split

TASK = Alphabetize()
SPLIT: Split = "words"
#: Text to learn the vocabulary from.
corpus = partial(plain_tasks.corpus, TASK)
MOST = 18
#: Training-only questions: whether the word here comes before the one it follows (0), whether a word was passed
#: over before it (1), whether it is one too many (2), which word it follows (3), which comes next in the alphabet
#: of those given (4); and, asked at the answer's end, the first word that is missing (5). Words are classes by
#: their place in the alphabet of all that occur; the last class is none.
#: Without 3 a trial found flaws long before it could name the second word of a pair: each word stands in the
#: question too, where another follows it.
QUESTIONS, CLASSES = 6, 1 + len(known_words())
_MISORDERED, _SKIPPED, _EXTRA, _BEFORE, _NEXT, _MISSING = range(QUESTIONS)
_PLACE = {word: place for place, word in enumerate(known_words())}
_NONE = len(_PLACE)


def proportions(stage: float) -> Proportions:
    """Round 1 teaches the base task nearly alone; round 2 everything (paper, section 2.2.1).

    Naming the words is what is learned last, so an answer with many flaws shows several of its critiques.
    """
    return Proportions(verdicts=0.1 if stage < 1 else 1.0, valid=4)


def words(rng: Random, stage: float) -> int:
    """How many words to put in order: few at first, all eighteen nearly always from the second round on."""
    if stage >= 1 and rng.random() < 0.8:
        return MOST
    most = 6 + round((MOST - 6) * min(1.0, stage / 0.8))
    return rng.randint(5, most)


def sheet(rng: Random, stage: float) -> Sheet:
    """One list of words with a sound and a flawed answer: with either in the first round, with both in the second."""
    task = Alphabetize(words(rng, stage))
    problem = task.generate(rng)
    right = task.answer(problem)
    wrong = drill(rng, right) if rng.random() < drills(stage) else task.corrupt(rng, problem)
    answers = [right, wrong] if stage >= 1 else [rng.choice((right, wrong))]
    return Sheet("", [grade(rng, problem.question, answer) for answer in answers])


def drills(stage: float) -> float:
    """The share of flawed answers with flaws everywhere: one flaw in eighteen words is too rare to learn from."""
    return 0.7 if stage < 1 else 0.3 if stage < 1.4 else 0.1


def drill(rng: Random, right: str) -> str:
    """The list in any order, or its words each left out, repeated or another one's by turns."""
    said = right.split()
    if rng.random() < 0.5:
        rng.shuffle(said)
        return " ".join(said)
    changed = []
    for word in said:
        kind = rng.choices(("keep", "drop", "repeat", "other"), weights=(0.7, 0.15, 0.05, 0.1))[0]
        changed += {"keep": [word], "drop": [], "repeat": [word, word], "other": [rng.choice(known_words())]}[kind]
    return " ".join(changed or said)


def grade(rng: Random, question: str, answer: str) -> Graded:
    """What the oracles say of any list, with the training-only hints."""
    problem = Problem("", question)
    return Graded(
        question=question,
        answer=answer,
        valid=TASK.valid_critiques(problem, answer),
        invalid=TASK.invalid_critiques(rng, problem, answer),
        hints=hints(problem, answer),
    )


def hints(problem: Problem, answer: str) -> list[tuple[int, int, int]]:
    """Only what can be told from the words up to the one asked at: those after it cannot be seen from there."""
    wanted = sorted(given(problem))
    left, end, before = Counter(wanted), -1, ""
    found = []
    for word in answer.split():
        end += 1 + len(word)
        extra = left[word] == 0
        left[word] -= not extra
        skipped = any(before < other < word and left[other] for other in wanted)
        place = bisect_right(wanted, word)
        following = _PLACE[wanted[place]] if place < len(wanted) else _NONE
        found += [
            (end, _MISORDERED, int(word < before)),
            (end, _SKIPPED, int(skipped)),
            (end, _EXTRA, int(extra)),
            (end, _BEFORE, _PLACE.get(before, _NONE)),
            (end, _NEXT, following),
        ]
        before = word
    missing = min(left.elements(), default=None)
    return [*found, (end, _MISSING, _NONE if missing is None else _PLACE[missing])]


def curriculum() -> Curriculum:
    return Curriculum(TASK, sheet, proportions, partial(plain_tasks.look, TASK), QUESTIONS, CLASSES, own=100)
