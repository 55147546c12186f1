"""From records of people's work to demonstrations: what was asked, and what a person (or an oracle) answered.

The paper trains one model on all tasks at once (section 2.2): answering; critiqueability and critique as one
example; helpfulness; direct and conditional refinement.

Worked example, a chain of the `critiques` file. Answer A0 got critique C1 and refinement A1, which got C2 and A2:

    critique      (A0) -> Yes, C1      conditional refinement  (A0, C1) -> A1
    critique      (A1) -> Yes, C2      conditional refinement  (A1, C2) -> A2
    direct refinement  A0 -> A2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

from findings import jsonl
from findings.records import BASE, CRITIQUES, HELPFULNESS, BaseRecord, CritiquesRecord, HelpfulnessRecord, read
from models_service.formats import FINETUNED, Format, Pieces
from models_service.training.splits import Split, split_of
from models_service.types import Subject

Task = Literal["answer", "critique", "helpfulness", "conditional refinement", "direct refinement"]

#: What the released `critiques` file puts before the questions of topic-based summarization.
QUESTION_PREFIX: Final = "Answer the following question based on the above passage:\n\n"


@dataclass(frozen=True, slots=True)
class Demonstration:
    """One example: the pieces of its text, those to be learned marked, and the passage it must not leak."""

    task: Task
    split: Split
    passage: str
    pieces: Pieces


def from_base(record: BaseRecord, wording: Format = FINETUNED) -> Iterator[Demonstration]:
    """Honest answers. Rows with an empty question or answer teach nothing and are passed over."""
    passage = record["data"]["passage"]
    for asked in record["data"]["questions"]:
        if asked["question"] and asked["answer"]:
            subject = _subject(passage, asked["question"], asked["answer"])
            yield Demonstration("answer", record["split"], passage["text"], wording.answer_example(subject))


def from_critiques(record: CritiquesRecord, wording: Format = FINETUNED) -> Iterator[Demonstration]:
    """Chains: each critique and refinement is about the refinement before it. A skipped answer teaches nothing."""
    passage = record["data"]["passage"]
    for asked in record["data"]["questions"]:
        for answered in asked["answers"]:
            subject = _subject(passage, asked["question"].removeprefix(QUESTION_PREFIX), answered["answer"])
            for task, pieces in _chain(subject, answered["feedback"]["critiques"], wording):
                yield Demonstration(task, record["split"], passage["text"], pieces)


def _chain(subject: Subject, chain: list[Any] | None, wording: Format) -> Iterator[tuple[Task, Pieces]]:
    if chain is None:
        return
    if not chain:
        yield "critique", wording.critique_example(subject, None)
        return
    current = subject
    for link in chain:
        if link["text"]:
            yield "critique", wording.critique_example(current, link["text"])
            if link["refinement"]:
                pieces = wording.refinement_example(current, link["text"], link["refinement"])
                yield "conditional refinement", pieces
        current = replace(current, answer=link["refinement"])
    if current.answer:
        yield "direct refinement", wording.refinement_example(subject, None, current.answer)


def from_helpfulness(record: HelpfulnessRecord, wording: Format = FINETUNED) -> Iterator[Demonstration]:
    """Verdicts on model critiques; the labeler's own better critique; No where nothing was found wrong."""
    passage = record["data"]["passage"]
    for asked in record["data"]["questions"]:
        (answered,) = asked["answers"]
        subject = _subject(passage, asked["question"].removeprefix(QUESTION_PREFIX), answered["answer"])
        found: list[tuple[Task, Pieces]] = [
            ("helpfulness", wording.helpfulness_example(subject, one["critique"], one["feedback"]["helpful"]))
            for one in answered["critiques"]
            if one["critique"]
        ]
        better = asked["new_critique"]
        if better is not None and better["text"]:
            found.append(("critique", wording.critique_example(subject, better["text"])))
        elif asked["is_critiqueable"] is False:
            found.append(("critique", wording.critique_example(subject, None)))
        for task, pieces in found:
            yield Demonstration(task, record["split"], passage["text"], pieces)


def from_synthetic(
    row: Mapping[str, Any], rng: Random, wording: Format = FINETUNED, *, test_share: float = 0.05
) -> Iterator[Demonstration]:
    """What the oracles say: the sound answer, one valid critique (uniformly drawn) or No, and every verdict.

    The split follows from a hash of passage and question, so a problem never changes sides.
    """
    subject = Subject("", row["passage"], row["question"], row["answer"], row.get("title"))
    held = sha256(f"{row['passage']}\0{row['question']}".encode()).digest()[0] < 256 * test_share
    split: Split = "test" if held else "train"
    passage = row["passage"] or row["question"]
    valid = [one["text"] for one in row["critiques"] if one["helpful"]]
    demonstrated = replace(subject, answer=row["demonstration"])
    yield Demonstration("answer", split, passage, wording.answer_example(demonstrated))
    if valid or not row["critiqueable"]:
        critique = rng.choice(valid) if valid else None
        yield Demonstration("critique", split, passage, wording.critique_example(subject, critique))
    for one in row["critiques"]:
        pieces = wording.helpfulness_example(subject, one["text"], one["helpful"])
        yield Demonstration("helpfulness", split, passage, pieces)


def read_demonstrations(
    *,
    base: tuple[Path, ...] = (),
    critiques: tuple[Path, ...] = (),
    helpfulness: tuple[Path, ...] = (),
    synthetic: tuple[Path, ...] = (),
    seed: int,
    split_by_passage: int | None = None,
) -> list[Demonstration]:
    """All demonstrations of the files, shuffled, none of the training ones about a passage of the test split.

    With `split_by_passage`, a seed, a hash of the passage says the split, whatever the rows say.
    Raises JsonlError or RecordError naming file, line and field.
    """
    found = [one for path in base for record in read(BASE, path) for one in from_base(record)]
    found += [one for path in critiques for record in read(CRITIQUES, path) for one in from_critiques(record)]
    found += [one for path in helpfulness for record in read(HELPFULNESS, path) for one in from_helpfulness(record)]
    rng = Random(seed)
    found += [one for path in synthetic for _, row in jsonl.read(path) for one in from_synthetic(row, rng)]
    if split_by_passage is not None:
        found = [replace(one, split=split_of(one.passage, split_by_passage)) for one in found]
    tested = {one.passage.strip() for one in found if one.split == "test"}
    kept = [one for one in found if one.split == "test" or one.passage.strip() not in tested]
    rng.shuffle(kept)
    return kept


def _subject(passage: Mapping[str, Any], question: str, answer: str) -> Subject:
    return Subject("", passage["text"], question, answer, passage["title"])
