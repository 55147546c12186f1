"""What fine-tuning learns from: released rows to demonstrations, demonstrations to tokens and labels."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from findings import jsonl
from models_service.formats import FINETUNED
from models_service.synthetic import TASKS
from models_service.synthetic.generate import records
from models_service.training.demonstrations import (
    QUESTION_PREFIX,
    Demonstration,
    from_critiques,
    from_helpfulness,
    from_synthetic,
    read_demonstrations,
)
from models_service.training.examples import IGNORED, collate, example
from models_service.training.finetune import packed
from models_service.training.trees import Row
from models_service.types import Subject


class Letters:
    """A tokenizer whose tokens are characters, so that masks can be worked out by hand."""

    bos_token_id = None
    eos_token_id = 0

    def encode(self, text: str, **_: object) -> list[int]:
        return [ord(letter) for letter in text]


def shown(demonstration: Demonstration) -> tuple[str, str]:
    """The whole text, and the same with a dot for every character that is not learned; END is `$`."""
    made = example(Letters(), demonstration)
    text = "".join(chr(token) if token else "$" for token in made.input_ids)
    mask = "".join("." if label == IGNORED else letter for label, letter in zip(made.labels, text, strict=True))
    return text.replace("\n", "/"), mask.replace("\n", "/")


SUBJECT = Subject("", "P", "Q", "A")


def test_the_loss_mask_of_a_critique_worked_by_hand() -> None:
    demonstration = Demonstration("critique", "train", "P", FINETUNED.critique_example(SUBJECT, "C"))
    assert shown(demonstration) == (
        "Passage: P/Question: Q/Answer: A/Critiqueable: Yes//Critique: C$",
        "." * len("Passage: P/Question: Q/Answer: A/Critiqueable:") + " Yes" + "." * len("//Critique:") + " C$",
    )


def test_the_loss_mask_of_a_verdict_worked_by_hand() -> None:
    text, mask = shown(Demonstration("helpfulness", "train", "P", FINETUNED.helpfulness_example(SUBJECT, "C", False)))
    assert text.endswith("Critique: C/Helpful: No")
    assert mask == "." * (len(text) - 3) + " No"


def test_an_answer_is_learned_with_its_end() -> None:
    text, mask = shown(Demonstration("answer", "train", "P", FINETUNED.answer_example(SUBJECT)))
    assert text == "Passage: P/Question: Q/Answer: A$"
    assert mask == "." * (len(text) - 3) + " A$"


def critiqued(chain: list[dict[str, Any]] | None, *, split: str = "train", passage: str = "P") -> Any:
    feedback = {"rating": 3, "critiques": chain, "corroborations": [], "skip_critiques": chain is None}
    return {
        "id": "a" * 30,
        "source_id": "b" * 30,
        "split": split,
        "time": 1654208374.0,
        "labeler": "0" * 64,
        "is_topic_based_summarization": False,
        "data": {
            "passage": {"text": passage, "title": None},
            "questions": [
                {
                    "question": QUESTION_PREFIX + "Q",
                    "answers": [{"answer": "A0", "feedback": feedback}],
                    "rankings": [0],
                }
            ],
        },
    }


CHAIN = [
    {"text": "C1", "severity": 2, "refinement": "A1"},
    {"text": "C2", "severity": 1, "refinement": "A2"},
]


def test_a_chain_pairs_each_critique_with_the_refinement_before_it() -> None:
    found = [(one.task, shown(one)[0]) for one in from_critiques(critiqued(CHAIN))]
    header = "Passage: P/Question: Q/Answer: "
    assert found == [
        ("critique", header + "A0/Critiqueable: Yes//Critique: C1$"),
        ("conditional refinement", header + "A0/Critiqueable: Yes//Critique: C1/Refinement: A1$"),
        ("critique", header + "A1/Critiqueable: Yes//Critique: C2$"),
        ("conditional refinement", header + "A1/Critiqueable: Yes//Critique: C2/Refinement: A2$"),
        ("direct refinement", header + "A0/Refinement: A2$"),
    ]


def test_no_critique_means_not_critiqueable_and_a_skip_means_nothing() -> None:
    assert [shown(one)[1][-3:] for one in from_critiques(critiqued([]))] == [" No"]
    assert list(from_critiques(critiqued(None))) == []


def judged(*, critiqueable: bool | None, better: dict[str, Any] | None) -> Any:
    critiques = [
        {"critique": text, "feedback": {"helpful": helpful}}
        for text, helpful in (("C1", True), ("C2", False), ("", False))
    ]
    question = {
        "question": "Q",
        "answers": [{"answer": "A", "critiques": critiques}],
        "rankings": [0, None, None],
        "is_critiqueable": critiqueable,
        "has_better_critique": better is not None,
        "new_critique": better,
    }
    return critiqued([]) | {"data": {"passage": {"text": "P", "title": None}, "questions": [question]}}


def test_verdicts_teach_helpfulness_and_a_better_critique_teaches_critique() -> None:
    better = {"text": "B", "category": "Coverage", "severity": 1, "category_text": ""}
    found = [
        shown(one)[0].split("Critiqueable: ")[1] for one in from_helpfulness(judged(critiqueable=None, better=better))
    ]
    assert found == ["Yes//Critique: C1/Helpful: Yes", "Yes//Critique: C2/Helpful: No", "Yes//Critique: B$"]
    sound = [shown(one)[0] for one in from_helpfulness(judged(critiqueable=False, better=None))]
    assert sound[-1].endswith("Critiqueable: No")


@pytest.mark.parametrize("name", TASKS)
def test_synthetic_records_teach_the_sound_answer_and_the_oracles_verdicts(name: str) -> None:
    for row in records(TASKS[name], number=6, seed=4):
        found = list(from_synthetic(row, Random(1)))
        assert [one.task for one in found] == ["answer", "critique"] + ["helpfulness"] * len(row["critiques"])
        assert found[0].pieces[-2].text == f" {row['demonstration']}"
        assert (found[1].pieces[-1].text == " No") == (not row["critiqueable"])


def test_a_passage_of_the_test_split_never_trains(tmp_path: Path) -> None:
    path = tmp_path / "critiques.jsonl"
    rows = [critiqued([], passage="p1"), critiqued([], split="test", passage="p1 "), critiqued([], passage="p2")]
    jsonl.write(path, [row | {"id": str(n)} for n, row in enumerate(rows)])
    found = read_demonstrations(critiques=(path,), seed=1)
    assert sorted((one.split, one.passage) for one in found) == [("test", "p1 "), ("train", "p2")]


def test_a_text_longer_than_the_context_is_left_out_and_counted() -> None:
    short = Demonstration("answer", "train", "P", FINETUNED.answer_example(SUBJECT))
    long = Demonstration("answer", "train", "P" * 99, FINETUNED.answer_example(Subject("", "P" * 99, "Q", "A")))
    made = packed(Letters(), [short, long], context=60)
    assert (made.examples, made.too_long, len(made.trees)) == (1, 1, 1)


def test_a_passage_is_read_once_for_all_its_examples_and_again_where_they_do_not_fit() -> None:
    passage = "P" * 40
    shown = [Subject("", passage, f"Q{n}", f"A{n}") for n in range(6)]
    made = [Demonstration("answer", "train", passage, FINETUNED.answer_example(one)) for one in shown]
    (together,) = packed(Letters(), made, context=1000).trees
    alone = [packed(Letters(), [one], context=1000).tokens() for one in made]
    assert together.size() == alone[0] + 5 * (alone[0] - len(f"Passage: {passage}\n"))
    apart = packed(Letters(), made, context=120)
    assert len(apart.trees) == 3
    assert all(tree.size() <= 120 for tree in apart.trees)
    rows = [Row() for _ in apart.trees]
    for row, tree in zip(rows, apart.trees, strict=True):
        row.add(tree)
    learned = "".join("".join(chr(t) if t else "$" for t in row.targets) for row in rows)
    assert learned == "".join(f" A{n}$" for n in range(6)), "no example is lost, none is cut"


def test_a_split_by_passage_is_in_place_of_what_the_rows_say(tmp_path: Path) -> None:
    path = tmp_path / "critiques.jsonl"
    jsonl.write(path, [critiqued([], passage=f"p{n}", split="test") | {"id": str(n)} for n in range(40)])
    splits = [one.split for one in read_demonstrations(critiques=(path,), seed=1, split_by_passage=3)]
    assert 1 < splits.count("test") < 20
    assert splits.count("train") == 40 - splits.count("test")


def test_batches_pad_on_the_right_and_learn_nothing_there() -> None:
    rows = [{"input_ids": [5, 6], "labels": [-100, 6]}, {"input_ids": [7], "labels": [7]}]
    batch = {name: tensor.tolist() for name, tensor in collate(rows, pad=9).items()}
    assert batch == {
        "input_ids": [[5, 6], [7, 9]],
        "attention_mask": [[1, 1], [1, 0]],
        "labels": [[-100, 6], [7, IGNORED]],
    }
