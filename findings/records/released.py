"""The four released files, key for key (arXiv 2206.05802; base, critiques, helpfulness, assistance).

`NotRequired` marks keys that some rows lack; `None` marks values that some rows hold as null. The two differ,
and a record keeps whichever it came with.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from findings.records.common import (
    EXACT,
    AnswerSource,
    Category,
    ClassifiedCritique,
    Index,
    Milliseconds,
    Passage,
    Probability,
    Rating,
    Severity,
    Span,
    Split,
    Tier,
)

# -- base: questions about a passage, and honest answers ------------------------------------------------


@with_config(EXACT)
class BaseQuestion(TypedDict):
    """A question and its honest answer; either may be empty, and `No answer` means an uncovered topic."""

    question: str
    answer: str


@with_config(EXACT)
class BaseData(TypedDict):
    passage: Passage
    questions: list[BaseQuestion]


@with_config(EXACT)
class BaseRecord(TypedDict):
    """One labeler's questions and answers for one passage."""

    id: str
    split: Split
    time: float
    labeler: str
    is_topic_based_summarization: bool
    data: BaseData


# -- critiques: chains of critique and refinement, for training -----------------------------------------


@with_config(EXACT)
class Corroboration(TypedDict):
    text: str


@with_config(EXACT)
class ChainedCritique(TypedDict):
    """One link of a chain: it is about the refinement before it (the answer, for the first)."""

    text: str
    severity: Severity
    refinement: str
    category: NotRequired[Category]
    category_text: NotRequired[str]
    text_quotes: NotRequired[list[Span]]
    response_quotes: NotRequired[list[Span]]


@with_config(EXACT)
class CritiquesFeedback(TypedDict):
    """Rating and chain of one answer; a skipped chain is null."""

    rating: Rating
    critiques: list[ChainedCritique] | None
    corroborations: list[Corroboration]
    skip_critiques: bool
    skip: NotRequired[bool]


@with_config(EXACT)
class CritiquedAnswer(TypedDict):
    answer: str
    feedback: CritiquesFeedback


@with_config(EXACT)
class CritiquesQuestion(TypedDict):
    """A question with the model-prompt prefix, its answers and one tier for each."""

    question: str
    answers: list[CritiquedAnswer]
    rankings: list[Tier]


@with_config(EXACT)
class CritiquesData(TypedDict):
    passage: Passage
    questions: list[CritiquesQuestion]


@with_config(EXACT)
class CritiquesRecord(TypedDict):
    """One labeler's critiques of several model answers to the questions of one passage."""

    id: str
    source_id: str
    split: Split
    time: float
    labeler: str
    is_topic_based_summarization: bool
    data: CritiquesData


# -- helpfulness: verdicts on model critiques -----------------------------------------------------------


@with_config(EXACT)
class HelpfulnessFeedback(TypedDict):
    helpful: bool


@with_config(EXACT)
class JudgedCritique(TypedDict):
    critique: str
    feedback: HelpfulnessFeedback


@with_config(EXACT)
class JudgedAnswer(TypedDict):
    answer: str
    critiques: list[JudgedCritique]


@with_config(EXACT)
class BetterCritique(TypedDict):
    """The labeler's own critique; `refinement`, where present, is a prefilled box nobody edited."""

    text: str
    category: Category
    severity: Severity
    category_text: str
    refinement: NotRequired[str]


@with_config(EXACT)
class HelpfulnessQuestion(TypedDict):
    """One answer's critiques with verdicts, one tier or null for each, and what was asked afterwards."""

    question: str
    answers: Annotated[list[JudgedAnswer], Field(min_length=1, max_length=1)]
    rankings: list[Tier | None]
    is_critiqueable: bool | None
    has_better_critique: bool | None
    new_critique: BetterCritique | None


@with_config(EXACT)
class HelpfulnessData(TypedDict):
    passage: Passage
    questions: list[HelpfulnessQuestion]


@with_config(EXACT)
class HelpfulnessRecord(TypedDict):
    """One labeler's verdicts on model critiques for the questions of one passage."""

    id: str
    source_id: str
    split: Split
    time: float
    labeler: str
    is_topic_based_summarization: bool
    data: HelpfulnessData


# -- assistance: the human study ------------------------------------------------------------------------


@with_config(EXACT)
class ShownCritique(TypedDict):
    """A model critique and the model's own probability that it is helpful."""

    text: str
    helpfulness: Probability


@with_config(EXACT)
class Assistance(TypedDict):
    """What an assisted labeler was offered, in stored order, which is not the order of display."""

    critiques: list[ShownCritique]
    critiqueability: Probability


@with_config(EXACT)
class FoundCritique(TypedDict):
    """A critique a labeler wrote; `assistance_critique` indexes the stored list if it began with “Use”."""

    text: str
    category: Category
    severity: Severity
    category_text: str
    first_modified: Milliseconds
    last_modified: Milliseconds
    assistance_critique: Index | None


@with_config(EXACT)
class AssistanceFeedback(TypedDict):
    rating: Rating
    total_time: Milliseconds
    critiques: list[FoundCritique]


@with_config(EXACT)
class Condition(TypedDict):
    """One of the six: three kinds of answer, with and without assistance."""

    answer_source: AnswerSource
    assisted: bool


@with_config(EXACT)
class LabelData(TypedDict):
    answer: str
    condition: Condition
    assistance: Assistance | None
    feedback: AssistanceFeedback


@with_config(EXACT)
class AssistanceLabel(TypedDict):
    """What one labeler found in one answer under one condition."""

    id: str
    time: float
    labeler: str
    data: LabelData


@with_config(EXACT)
class SourceData(TypedDict):
    """The question, its honest and its misleading answer, and the flaws its author planted."""

    passage: Passage
    question_index: Index
    question: str
    human_answer: str
    human_deceptive_answer: str
    deceptive_answer_critiques: list[ClassifiedCritique]


@with_config(EXACT)
class AssistanceRecord(TypedDict):
    """One question of the human study with the labels it received: six, or fewer where cells are missing."""

    source_id: str
    source_labeler: str
    source_data: SourceData
    labels: list[AssistanceLabel]


# -- assistance, extended: our own studies may lack an answer kind and say where things came from --------


@with_config(EXACT)
class ExtendedSourceData(TypedDict):
    """As SourceData; a study without an answer kind has null for its answer."""

    passage: Passage
    question_index: Index
    question: str
    human_answer: str | None
    human_deceptive_answer: str | None
    deceptive_answer_critiques: list[ClassifiedCritique]


@with_config(EXACT)
class ExtendedLabel(TypedDict):
    """As AssistanceLabel, with what the released rows do not tell (model, revision, seed, versions)."""

    id: str
    time: float
    labeler: str
    data: LabelData
    provenance: NotRequired[dict[str, Any]]


@with_config(EXACT)
class ExtendedAssistanceRecord(TypedDict):
    """As AssistanceRecord, with free provenance at row and label level; an unknown author is null."""

    source_id: str
    source_labeler: str | None
    source_data: ExtendedSourceData
    labels: list[ExtendedLabel]
    provenance: NotRequired[dict[str, Any]]
