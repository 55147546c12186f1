"""Rows of the base, critiques and helpfulness files come in, and leave exactly as they came."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings import jsonl
from labeling.actions.studies import add_questions, create_study, questions_to_choose
from labeling.enums import AnswerKind
from labeling.exchange.importing import BadFile
from labeling.exchange.kinds import export_dataset, import_dataset
from labeling.models import Answer, BetterCritique, ChainLink, Exposure, HelpfulnessJudgement, Passage, Question, Quote
from tests.labeling.released_rows import base_rows, critiques_rows, helpfulness_rows
from tests.labeling.test_exchange_assistance import round_trip, write

pytestmark = pytest.mark.django_db
slow_fixture = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PREFIX = "Answer the following question based on the above passage:\n\n"


@slow_fixture
@given(rows=st.lists(base_rows, min_size=1, max_size=3))
def test_every_base_row_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "base") == rows


@slow_fixture
@given(rows=st.lists(helpfulness_rows, min_size=1, max_size=3))
def test_every_helpfulness_row_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "helpfulness") == rows


@slow_fixture
@given(rows=st.lists(critiques_rows, min_size=1, max_size=3))
def test_every_critiques_row_leaves_as_it_came(rows: list[Any], tmp_path: Path) -> None:
    assert round_trip(write(tmp_path / "rows.jsonl", *rows), "critiques") == rows


def sitting(text: str, *questions: Any, row_id: str = "row1", **changed: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "source_id": "source1",
        "split": "test",
        "time": 1654294769.039338,
        "labeler": "a" * 64,
        "is_topic_based_summarization": True,
        "data": {"passage": {"text": text, "title": None}, "questions": list(questions)},
        **changed,
    }


def judged(*verdicts: tuple[str, bool], **changed: Any) -> dict[str, Any]:
    return {
        "question": "What happened?",
        "answers": [
            {"answer": "This.", "critiques": [{"critique": c, "feedback": {"helpful": h}} for c, h in verdicts]}
        ],
        "rankings": [None for _ in verdicts],
        "is_critiqueable": None,
        "has_better_critique": False,
        "new_critique": None,
        **changed,
    }


def critiqued(answer: str, *chain: dict[str, Any]) -> dict[str, Any]:
    feedback = {"rating": 3, "skip_critiques": False, "skip": False, "corroborations": [], "critiques": list(chain)}
    return {
        "question": f"{PREFIX}What happened?",
        "answers": [{"answer": answer, "feedback": feedback}],
        "rankings": [0],
    }


def link(text: str, refinement: str, **quotes: Any) -> dict[str, Any]:
    return {
        "text": text,
        "severity": 2,
        "refinement": refinement,
        "category": "accuracy",
        "category_text": "",
        **quotes,
    }


def test_what_was_judged_can_be_chosen_for_a_new_study_over_model_answers(tmp_path: Path) -> None:
    row = sitting("A text.", judged(("wrong", True)), judged(("odd", False)))
    import_dataset("helpfulness", write(tmp_path / "rows.jsonl", row))
    both = [(AnswerKind.MODEL, False), (AnswerKind.MODEL, True)]
    study = create_study(name="over released rows", conditions=both, critic="any")
    (question,) = questions_to_choose(study)
    assert add_questions(study, [question]) == 1
    assert {slot.answer.text for slot in study.slots.all() if slot.answer} == {"This."}


def test_two_labelers_of_one_answer_share_it_but_not_their_verdicts(tmp_path: Path) -> None:
    rows = [
        sitting("A text.", judged(("wrong", True))),
        sitting("A text.", judged(("wrong", False)), row_id="row2", labeler="b" * 64),
    ]
    import_dataset("helpfulness", write(tmp_path / "rows.jsonl", *rows))
    assert Passage.objects.count() == Question.objects.count() == Answer.objects.count() == 1
    assert set(HelpfulnessJudgement.objects.values_list("helpful", flat=True)) == {False, True}
    assert Exposure.objects.count() == 2


def test_a_changed_verdict_is_seen_in_the_export(tmp_path: Path) -> None:
    better = {"text": "mine", "category": "other", "severity": 3, "category_text": "both"}
    row = sitting("A text.", judged(("wrong", True), has_better_critique=True, new_critique=better))
    report = import_dataset("helpfulness", write(tmp_path / "rows.jsonl", row))
    HelpfulnessJudgement.objects.update(helpful=False)
    BetterCritique.objects.update(severity=1)
    export_dataset("helpfulness", tmp_path / "out.jsonl", study=report.study.name)
    (line,) = jsonl.read(tmp_path / "out.jsonl")
    changed = copy.deepcopy(row["data"]["questions"][0])
    changed["answers"][0]["critiques"][0]["feedback"]["helpful"] = False
    changed["new_critique"]["severity"] = 1
    assert line.value["data"]["questions"] == [changed]


def test_a_chain_is_kept_link_by_link_and_its_question_without_the_prefix(tmp_path: Path) -> None:
    row = sitting("A text.", critiqued("One 🧪.", link("no", "Two."), link("still no", "Three.")))
    import_dataset("critiques", write(tmp_path / "rows.jsonl", row))
    assert list(ChainLink.objects.order_by("position").values_list("critique__text", "refinement")) == [
        ("no", "Two."),
        ("still no", "Three."),
    ]
    assert Question.objects.get().text == "What happened?"


def test_a_judged_question_and_a_critiqued_one_have_the_same_text(tmp_path: Path) -> None:
    import_dataset("critiques", write(tmp_path / "c.jsonl", sitting("A text.", critiqued("This."))))
    import_dataset("helpfulness", write(tmp_path / "h.jsonl", sitting("A text.", judged(("wrong", True)))))
    assert set(Question.objects.values_list("text", flat=True)) == {"What happened?"}


@pytest.mark.parametrize(
    ("text", "begin", "end", "is_inside"),
    [
        ("🧪", 0, 2, True),  # one character, two UTF-16 units
        ("🧪", 0, 3, False),
        ("e\u0301", 0, 2, True),  # one letter, two characters, two units
        ("e\u0301", 1, 3, False),
        ("ab", 1, 1, False),
        ("", 0, 1, False),
    ],
)
def test_a_quote_lies_inside_its_text_in_utf16_units(
    text: str, begin: int, end: int, is_inside: bool, tmp_path: Path
) -> None:
    for name, quoted in (("text_quotes", (text, "an answer")), ("response_quotes", ("a text", text))):
        passage, answer = quoted
        quoting = critiqued(answer, link("no", "", **{name: [{"begin": begin, "end": end}]}))
        row = sitting(passage, quoting, row_id=f"row with {name}")
        path = write(tmp_path / f"{name}.jsonl", row)
        if is_inside:
            assert round_trip(path, "critiques") == [row]
        else:
            where = rf"{name}\.jsonl:1: data\.questions\[0\]\.answers\[0\]\.feedback\.critiques\[0\]\.{name}\[0\]"
            with pytest.raises(BadFile, match=where):
                import_dataset("critiques", path)
    assert Quote.objects.count() == 2 * is_inside


def test_a_later_quote_is_of_the_refinement_before_it(tmp_path: Path) -> None:
    whole = [{"begin": 0, "end": 6}]
    row = sitting("A text.", critiqued("One.", link("no", "Longer"), link("no", "", response_quotes=whole)))
    assert round_trip(write(tmp_path / "rows.jsonl", row), "critiques") == [row]


def test_a_passage_on_both_sides_of_the_split_is_refused_by_line(tmp_path: Path) -> None:
    rows = [sitting("A text."), sitting("A text.", row_id="row2", split="train", source_id="another")]
    with pytest.raises(BadFile, match=r"rows\.jsonl:2: split: is train, but the same text is in test \(line 1\)"):
        import_dataset("helpfulness", write(tmp_path / "rows.jsonl", *rows))


def test_a_source_on_both_sides_of_the_split_is_refused_across_files(tmp_path: Path) -> None:
    import_dataset("helpfulness", write(tmp_path / "test.jsonl", sitting("A text.")))
    path = write(tmp_path / "train.jsonl", sitting("Another text.", row_id="row2", split="train"))
    with pytest.raises(BadFile, match=r"the same source is in test \(imported from test\.jsonl\)"):
        import_dataset("critiques", path)


GIVEN = os.environ.get("OPENAI_CRITIQUES_DIR")


@pytest.mark.skipif(not GIVEN, reason="OPENAI_CRITIQUES_DIR names a folder of released rows")
@pytest.mark.parametrize("kind", ["base", "critiques", "helpfulness"])
def test_every_released_row_leaves_as_it_came(kind: str, tmp_path: Path) -> None:
    for path in Path(GIVEN or "").rglob("*.jsonl*"):
        if not (path.name.startswith(kind) or path.parent.name == kind):
            continue
        copied = tmp_path / path.name
        copied.write_bytes(path.read_bytes())
        assert round_trip(copied, kind) == [line.value for line in jsonl.read(path)]
