"""Rows of the released shapes, made by Hypothesis: what the files hold and what they could hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from findings import jsonl

AWKWARD = [
    "",
    " ",
    " edges kept \n",
    "CR\r\nand\rCR",
    "emoji 🧪🇳🇴",
    "e\u0301 combining",
    "\u2028\ufeff",
    "No answer",
    "\t",
]
texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
)
titles = st.one_of(st.none(), texts)


def fresh_id() -> str:
    """An id names one row or label of a whole site: no two examples share one."""
    return uuid.uuid4().hex[:30]


ids = st.builds(fresh_id)
#: Few people, so that they meet again.
labelers = st.sampled_from([digit * 64 for digit in "0123456789abcdef"])
times = st.floats(1.6e9, 1.7e9)
stamps = st.integers(0, 2_000_000)
probabilities = st.floats(0, 1)
categories = st.sampled_from(["coverage", "accuracy", "coherence", "other"])
severities = st.integers(1, 4)
ratings = st.integers(1, 7)
sources = st.sampled_from(["Model", "Human", "Human misleading"])
passages = st.fixed_dictionaries({"text": texts, "title": titles})

classified = st.fixed_dictionaries(
    {"text": texts, "category": categories, "severity": severities, "category_text": texts}
)


@st.composite
def assistance_labels(draw: st.DrawFn) -> dict[str, Any]:
    assisted = draw(st.booleans())
    offered = draw(
        st.lists(st.fixed_dictionaries({"text": texts, "helpfulness": probabilities}), max_size=8)
        if assisted
        else st.just([])
    )
    used = st.one_of(st.none(), st.integers(0, len(offered) - 1)) if offered else st.none()
    found = st.fixed_dictionaries(
        {
            "text": texts,
            "category": categories,
            "severity": severities,
            "category_text": texts,
            "first_modified": stamps,
            "last_modified": stamps,
            "assistance_critique": used,
        }
    )
    return {
        "id": draw(ids),
        "time": draw(times),
        "labeler": draw(labelers),
        "data": {
            "answer": draw(texts),
            "condition": {"answer_source": draw(sources), "assisted": assisted},
            "assistance": {"critiques": offered, "critiqueability": draw(probabilities)} if assisted else None,
            "feedback": {
                "rating": draw(ratings),
                "total_time": draw(stamps),
                "critiques": draw(st.lists(found, max_size=4)),
            },
        },
    }


@st.composite
def assistance_rows(draw: st.DrawFn) -> dict[str, Any]:
    """One row; sources and passages are few, so that they recur with other questions, texts and titles."""
    row: dict[str, Any] = {
        "source_id": draw(st.sampled_from(["source1", "source2", "source3"])),
        "source_labeler": draw(labelers),
        "source_data": {
            "passage": draw(passages),
            "question_index": draw(st.integers(0, 7)),
            "question": draw(texts),
            "human_answer": draw(texts),
            "human_deceptive_answer": draw(texts),
            "deceptive_answer_critiques": draw(st.lists(classified, max_size=2)),
        },
        "labels": draw(st.lists(assistance_labels(), min_size=0, max_size=6)),
    }
    # As in the released rows, a label usually shows its kind's answer.
    for label in row["labels"]:
        if draw(st.booleans()):
            kind = label["data"]["condition"]["answer_source"]
            label["data"]["answer"] = {
                "Model": "the model's answer",
                "Human": row["source_data"]["human_answer"],
                "Human misleading": row["source_data"]["human_deceptive_answer"],
            }[kind]
    return row


@st.composite
def sittings(
    draw: st.DrawFn, questions: Callable[[str], st.SearchStrategy[Any]], *, source: bool = True
) -> dict[str, Any]:
    """The frame of base, critiques and helpfulness rows, with questions about the passage's text.

    All on one side: a passage is never on both.
    """
    passage = draw(passages)
    row: dict[str, Any] = {
        "id": draw(ids),
        "split": "test",
        "time": draw(times),
        "labeler": draw(labelers),
        "is_topic_based_summarization": draw(st.booleans()),
        "data": {"passage": passage, "questions": draw(st.lists(questions(passage["text"]), max_size=3))},
    }
    return row | {"source_id": draw(st.sampled_from(["source1", "source2"]))} if source else row


base_questions = st.fixed_dictionaries({"question": texts, "answer": texts})
base_rows = sittings(lambda _: base_questions, source=False)


@st.composite
def helpfulness_questions(draw: st.DrawFn) -> dict[str, Any]:
    verdict = st.fixed_dictionaries({"critique": texts, "feedback": st.fixed_dictionaries({"helpful": st.booleans()})})
    critiques = draw(st.lists(verdict, max_size=4))
    maybe = st.sampled_from([None, True, False])
    better = st.fixed_dictionaries(
        {"text": texts, "category": categories, "severity": severities, "category_text": texts},
        optional={"refinement": texts},
    )
    return {
        "question": draw(texts),
        "answers": [{"answer": draw(texts), "critiques": critiques}],
        "rankings": [draw(st.one_of(st.none(), st.integers(0, 5))) for _ in critiques],
        "is_critiqueable": draw(maybe),
        "has_better_critique": draw(maybe),
        "new_critique": draw(st.one_of(st.none(), better)),
    }


helpfulness_rows = sittings(lambda _: helpfulness_questions())


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@st.composite
def quotes(draw: st.DrawFn, text: str) -> list[dict[str, int]]:
    length = utf16_length(text)
    if length == 0:
        return []
    begins = draw(st.lists(st.integers(0, length - 1), max_size=2))
    return [{"begin": begin, "end": draw(st.integers(begin + 1, length))} for begin in begins]


@st.composite
def critiqued_answers(draw: st.DrawFn, passage: str) -> dict[str, Any]:
    answer = current = draw(texts)
    chain: list[dict[str, Any]] | None = None
    skipped = draw(st.booleans())
    if not skipped:
        chain = []
        for _ in range(draw(st.integers(0, 3))):
            link = draw(
                st.fixed_dictionaries(
                    {"text": texts, "severity": severities, "refinement": texts},
                    optional={
                        "category": categories,
                        "category_text": texts,
                        "text_quotes": quotes(passage),
                        "response_quotes": quotes(current),
                    },
                )
            )
            chain.append(link)
            current = link["refinement"]
    feedback = {
        "rating": draw(ratings),
        "skip_critiques": skipped,
        "corroborations": draw(st.lists(st.fixed_dictionaries({"text": texts}), max_size=2)),
        "critiques": chain,
    }
    if draw(st.booleans()):
        feedback["skip"] = skipped
    return {"answer": answer, "feedback": feedback}


@st.composite
def critiques_questions(draw: st.DrawFn, passage: str) -> dict[str, Any]:
    answers = draw(st.lists(critiqued_answers(passage), max_size=3))
    prefix = draw(st.sampled_from(["", "Answer the following question based on the above passage:\n\n"]))
    return {
        "question": prefix + draw(texts),
        "answers": answers,
        "rankings": [draw(st.integers(0, 4)) for _ in answers],
    }


critiques_rows = sittings(critiques_questions)

# -- records of our own ---------------------------------------------------------------------------------

maybe_source = st.sampled_from([None, "Human", "Human misleading", "Model", "some/model-7b"])
confidences = st.integers(1, 3)


@st.composite
def own_records(draw: st.DrawFn, data: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """The frame of our own records around what one says of its passage."""
    return {
        "id": draw(ids),
        "source_id": draw(st.sampled_from(["source1", "source2"])),
        "time": draw(times),
        "labeler": draw(labelers),
        "data": {"passage": draw(passages), "question": draw(texts), **draw(data)},
    }


@st.composite
def _compared(draw: st.DrawFn) -> dict[str, Any]:
    shown = draw(st.booleans())
    critiques = st.lists(texts, max_size=3) if shown else st.just([])
    side = st.fixed_dictionaries({"answer": texts, "source": maybe_source, "critiques": critiques})
    told = draw(st.fixed_dictionaries({}, optional={"total_time": stamps}))
    return {
        "answers": [draw(side), draw(side)],
        "critiques_shown": shown,
        "better": draw(st.sampled_from([0, 1, None])),
        "confidence": draw(confidences),
        **told,
    }


comparison_records = own_records(_compared())
refinement_records = own_records(
    st.fixed_dictionaries({"answer": texts, "critique": st.one_of(st.none(), texts), "refinement": texts})
)
refinement_judgement_records = own_records(
    st.fixed_dictionaries(
        {
            "original": texts,
            "refinement": texts,
            "method": st.sampled_from(["direct", "conditional", "best-of-n"]),
            "n": st.integers(1, 16),
            "opt_out": st.booleans(),
            "source": st.sampled_from(["Human", "some/model-7b"]),
            "better": st.sampled_from(["original", "refinement", None]),
            "confidence": confidences,
        }
    )
)


@st.composite
def _verdicts(draw: st.DrawFn) -> dict[str, Any]:
    helpful = draw(st.booleans())
    only_if_helpful = (lambda values: st.one_of(st.none(), values)) if helpful else (lambda _: st.none())
    showing = st.fixed_dictionaries({"label_id": ids, "assistance_critique": st.integers(0, 7)})
    return {
        "critique": draw(texts),
        "critic": draw(st.sampled_from(["Human", "intended", "Model", "some/model-7b"])),
        "helpful": helpful,
        "clearly_helpful": draw(st.sampled_from([None, False, True] if helpful else [None, False])),
        "severity": draw(only_if_helpful(severities)),
        "rank": draw(only_if_helpful(st.integers(0, 5))),
        "score": draw(st.one_of(st.none(), probabilities)),
        "shown_as": draw(st.lists(showing, max_size=2)),
    }


@st.composite
def _judged(draw: st.DrawFn) -> dict[str, Any]:
    critiques = draw(st.lists(_verdicts(), max_size=4))
    flawed = True if any(one["helpful"] for one in critiques) else draw(st.sampled_from([None, True, False]))
    return {
        "answer": draw(texts),
        "answer_source": draw(maybe_source),
        "critiqueable": flawed,
        "critiques": critiques,
    }


judgement_records = own_records(_judged())


def with_fresh_ids(path: Path) -> list[Any]:
    """Give the rows of a file and their labels other ids, as another site would have; return them."""
    rows = [line.value for line in jsonl.read(path)]
    for row in rows:
        for named in [row, *row.get("labels", [])]:
            if "id" in named:
                named["id"] = fresh_id()
    jsonl.write(path, rows)
    return rows
