"""From passages with judged answers to the examples that a critic learns from, in the trained wording."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from findings.records import HelpfulnessRecord
from models_service.formats import FINETUNED, Format, Pieces, Role, learned
from models_service.training.demonstrations import QUESTION_PREFIX
from models_service.training.trees import WEIGHTS, Tree
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage, Subject


def subject_of(passage: JudgedPassage, answer: JudgedAnswer) -> Subject:
    """The answer as an engine is asked about it."""
    return Subject("", passage.passage, answer.question, answer.answer, passage.title)


def examples_of(passage: JudgedPassage, wording: Format = FINETUNED) -> Iterator[Pieces]:
    """Critiqueability, the critiques worth writing, and the verdicts. What nobody judged is not learned."""
    for answer in passage.answers:
        subject = subject_of(passage, answer)
        if answer.critiqueable is not None:
            prompt = wording.critiqueability_prompt(subject)
            yield (*prompt, *learned(wording.label(answer.critiqueable)))
        for critique in answer.critiques:
            if not critique.text:
                continue
            if critique.learn:
                yield (*wording.critique_prompt(subject), *learned(_said(wording, critique.text)))
            if critique.helpful is not None:
                yield wording.helpfulness_example(subject, critique.text, critique.helpful)


def _said(wording: Format, text: str) -> Pieces:
    from models_service.formats import END

    return (*wording.said_critique(text), END)


def judged_tree(
    tokenizer: Any, passage: JudgedPassage, weights: Mapping[Role, float] = WEIGHTS, wording: Format = FINETUNED
) -> Tree:
    """All that a passage teaches, as one tree."""
    tree = Tree(tokenizer, weights)
    for pieces in examples_of(passage, wording):
        tree.add(pieces)
    return tree


def from_helpfulness(record: HelpfulnessRecord) -> JudgedPassage:
    """A released row: people's verdicts on model critiques, and the better critique of a labeler who wrote one."""
    passage = record["data"]["passage"]
    answers = []
    for asked in record["data"]["questions"]:
        (answered,) = asked["answers"]
        critiques = [
            JudgedCritique(one["critique"], one["feedback"]["helpful"], one["feedback"]["helpful"])
            for one in answered["critiques"]
            if one["critique"]
        ]
        better = asked["new_critique"]
        if better is not None and better["text"]:
            critiques.append(JudgedCritique(better["text"], None, True))
        found = any(one.learn for one in critiques)
        # Nothing was found wrong only where the labeler said so; a skipped question says nothing.
        critiqueable = True if found else asked["is_critiqueable"]
        question = asked["question"].removeprefix(QUESTION_PREFIX)
        answers.append(JudgedAnswer(question, answered["answer"], critiqueable, tuple(critiques)))
    return JudgedPassage(passage["text"], tuple(answers), passage["title"])
