"""What ties the fields of a record together, and what no text may hold.

Each rule yields (field path, reason) for every breach. Only rules without a counter-example in the released
files are rules here: a labeler's stale answer (helpfulness rows) or a critique at rating 7 is data, no error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from findings.records.common import Span, utf16_length
from findings.records.native import ComparisonRecord, GapRecord, IntendedCheckRecord, JudgementRecord
from findings.records.released import (
    AssistanceLabel,
    AssistanceRecord,
    CritiquedAnswer,
    CritiquesRecord,
    ExtendedAssistanceRecord,
    ExtendedLabel,
    HelpfulnessRecord,
)

Breach = tuple[str, str]


def text_breaches(value: object, path: str = "") -> Iterator[Breach]:
    """NUL and lone surrogates, anywhere in a record: databases and UTF-8 cannot hold them."""
    if isinstance(value, str):
        if "\0" in value:
            yield path, f"holds the NUL character (U+0000) at character {value.index(chr(0))}"
        surrogate = _first_surrogate(value)
        if surrogate is not None:
            yield path, f"holds a lone surrogate (half a UTF-16 pair) at character {surrogate}"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from text_breaches(key, f"{path}.{key}".lstrip("."))
            yield from text_breaches(inner, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from text_breaches(inner, f"{path}[{index}]")


def _first_surrogate(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start
    return None


def critiques_breaches(record: CritiquesRecord) -> Iterator[Breach]:
    """One tier an answer; skipped means null; quotes lie inside the text that they quote."""
    passage_units = utf16_length(record["data"]["passage"]["text"])
    for q, question in enumerate(record["data"]["questions"]):
        path = f"data.questions[{q}]"
        if len(question["rankings"]) != len(question["answers"]):
            yield f"{path}.rankings", _count(question["rankings"], question["answers"], "answers")
        for a, answer in enumerate(question["answers"]):
            yield from _chain_breaches(answer, passage_units, f"{path}.answers[{a}]")


def _chain_breaches(answer: CritiquedAnswer, passage_units: int, path: str) -> Iterator[Breach]:
    feedback = answer["feedback"]
    skipped = feedback["critiques"] is None
    for key in ("skip_critiques", "skip"):
        if key in feedback and feedback[key] != skipped:
            yield f"{path}.feedback.{key}", "must be true exactly where critiques is null"
    current = answer["answer"]
    for k, critique in enumerate(feedback["critiques"] or []):
        at = f"{path}.feedback.critiques[{k}]"
        yield from _span_breaches(critique.get("text_quotes", []), passage_units, f"{at}.text_quotes")
        # A chain edits step by step: critique k quotes refinement k - 1.
        units = utf16_length(current)
        yield from _span_breaches(critique.get("response_quotes", []), units, f"{at}.response_quotes")
        current = critique["refinement"]


def _span_breaches(spans: Sequence[Span], units: int, path: str) -> Iterator[Breach]:
    for s, span in enumerate(spans):
        if not span["begin"] < span["end"] <= units:
            yield (
                f"{path}[{s}]",
                f"offsets {span['begin']}..{span['end']} are not 0 <= begin < end <= {units}, "
                "the length of the quoted text in UTF-16 units",
            )


def helpfulness_breaches(record: HelpfulnessRecord) -> Iterator[Breach]:
    """One tier or null a critique."""
    for q, question in enumerate(record["data"]["questions"]):
        critiques = question["answers"][0]["critiques"]
        if len(question["rankings"]) != len(critiques):
            yield f"data.questions[{q}].rankings", _count(question["rankings"], critiques, "critiques")


def assistance_breaches(record: AssistanceRecord | ExtendedAssistanceRecord) -> Iterator[Breach]:
    """Assistance is there exactly in the assisted condition, and a used critique is one of those offered."""
    for n, label in enumerate(record["labels"]):
        yield from _label_breaches(label, f"labels[{n}].data")


def _label_breaches(label: AssistanceLabel | ExtendedLabel, path: str) -> Iterator[Breach]:
    data = label["data"]
    assistance = data["assistance"]
    if (assistance is not None) != data["condition"]["assisted"]:
        yield f"{path}.assistance", "must be null exactly where condition.assisted is false"
    offered = len(assistance["critiques"]) if assistance is not None else 0
    for c, critique in enumerate(data["feedback"]["critiques"]):
        used = critique["assistance_critique"]
        if used is not None and used >= offered:
            at = f"{path}.feedback.critiques[{c}].assistance_critique"
            yield at, f"is {used}, but {offered} critiques were offered"


def intended_check_breaches(record: IntendedCheckRecord) -> Iterator[Breach]:
    """A critique can only cover what was intended."""
    intended = record["data"]["intended"]
    for c, critique in enumerate(record["data"]["critiques"]):
        for k, index in enumerate(critique["covers"]):
            if index >= intended:
                path = f"data.critiques[{c}].covers[{k}]"
                yield path, f"is {index}, but {intended} critiques were intended"


def comparison_breaches(record: ComparisonRecord) -> Iterator[Breach]:
    """The better answer is one of the two; critiques are there only where the condition shows them."""
    data = record["data"]
    if data["better"] is not None and data["better"] > 1:
        yield "data.better", "must be 0, 1 or null"
    if not data["critiques_shown"] and any(answer["critiques"] for answer in data["answers"]):
        yield "data.answers", "hold critiques although critiques_shown is false"


def judgement_breaches(record: JudgementRecord) -> Iterator[Breach]:
    """Only a helpful critique can be clearly helpful, severe or ranked."""
    for c, critique in enumerate(record["data"]["critiques"]):
        at = f"data.critiques[{c}]"
        if critique["helpful"]:
            continue
        if critique["clearly_helpful"]:
            yield f"{at}.clearly_helpful", "is true although the critique is not helpful"
        if critique["severity"] is not None:
            yield f"{at}.severity", "is set although the critique is not helpful"
        if critique["rank"] is not None:
            yield f"{at}.rank", "is set although the critique is not helpful"


def gap_breaches(record: GapRecord) -> Iterator[Breach]:
    """Only a helpful critique is severe."""
    for n, sample in enumerate(record["data"]["samples"]):
        if sample["severity"] is not None and not sample["helpful"]:
            yield f"data.samples[{n}].severity", "is set although the critique is not helpful"


def _count(tiers: Sequence[object], of: Sequence[object], name: str) -> str:
    return f"has {len(tiers)} tiers for {len(of)} {name}"
