"""Records of our own: what the released files have no place for, in the same style, one JSON object a line.

- `intended_checks`: the author (or a third party) of a misleading answer judges the critiques found for it.
- `comparisons`: two answers to one question; which is better.
- `refinements`: a labeler's direct or conditional refinement of an answer.
- `refinement_judgements`: a refinement against its original, judged blind.
- `gap_samples`: several answers to one question, rated, each with one forced critique that was judged.
- `critique_scores`: any scorer's helpfulness scores for the critiques of helpfulness rows.
- `judgements`: verdicts on critiques of one answer, with what helpfulness rows lack: who wrote each critique,
  “clearly and unambiguously helpful”, its severity, the score the model gave it and where it was shown.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from findings.records.common import EXACT, Confidence, Index, Passage, Probability, Rating, Severity, Tier

# -- intended checks ------------------------------------------------------------------------------------


@with_config(EXACT)
class CheckedCritique(TypedDict):
    """One found critique, in the order of the label's `feedback.critiques`."""

    critique: str
    valid: bool
    covers: list[Index]
    """Which intended critiques it covers: indices into `source_data.deceptive_answer_critiques`."""


@with_config(EXACT)
class IntendedCheckData(TypedDict):
    intended: Annotated[int, Field(ge=1)]
    """How many critiques the author intended."""
    critiques: list[CheckedCritique]
    """All that the label found; empty if it found none."""


@with_config(EXACT)
class IntendedCheckRecord(TypedDict):
    """One checker's verdicts on one label of a misleading answer (the paper's section 3.3.1)."""

    id: str
    source_id: str
    label_id: str
    """The `id` of the label in the assistance file."""
    time: float
    labeler: str
    """Who checked."""
    by_author: bool
    """Whether the checker wrote the misleading answer."""
    data: IntendedCheckData
    provenance: NotRequired[dict[str, Any]]


# -- comparisons of two answers -------------------------------------------------------------------------


@with_config(EXACT)
class ComparedAnswer(TypedDict):
    """An answer, where it came from (a model's name, `Human`, ...) and the critiques shown with it."""

    answer: str
    source: str | None
    critiques: list[str]


@with_config(EXACT)
class ComparisonData(TypedDict):
    passage: Passage
    question: str
    answers: Annotated[list[ComparedAnswer], Field(min_length=2, max_length=2)]
    """In the order shown."""
    critiques_shown: bool
    """The condition; a condition with critiques may still have none to show."""
    better: Index | None
    """0 or 1, the index of the better answer, or null for a tie."""
    confidence: Confidence
    total_time: NotRequired[Annotated[int, Field(ge=0)]]


@with_config(EXACT)
class ComparisonRecord(TypedDict):
    """One labeler's choice between two answers to one question."""

    id: str
    source_id: str
    time: float
    labeler: str
    data: ComparisonData
    provenance: NotRequired[dict[str, Any]]


# -- refinements and judgements of them -----------------------------------------------------------------


@with_config(EXACT)
class RefinementData(TypedDict):
    passage: Passage
    question: str
    answer: str
    critique: str | None
    """The critique it addresses; null for a direct refinement."""
    refinement: str


@with_config(EXACT)
class RefinementRecord(TypedDict):
    """One labeler's refinement of one answer."""

    id: str
    source_id: str
    time: float
    labeler: str
    data: RefinementData
    provenance: NotRequired[dict[str, Any]]


@with_config(EXACT)
class RefinementJudgementData(TypedDict):
    passage: Passage
    question: str
    original: str
    refinement: str
    method: Literal["direct", "conditional", "best-of-n"]
    """How the second answer was made; `best-of-n` is the best of n fresh answers, no refinement at all."""
    n: Annotated[int, Field(ge=1)]
    """How many candidates it was chosen from."""
    opt_out: bool
    """Whether the method may keep the original."""
    source: str
    """A model's name, or `Human`."""
    better: Literal["original", "refinement"] | None
    """Null for a tie."""
    confidence: Confidence


@with_config(EXACT)
class RefinementJudgementRecord(TypedDict):
    """One labeler's blind choice between an answer and what a method made of it (the paper's section 4.3)."""

    id: str
    source_id: str
    time: float
    labeler: str
    data: RefinementJudgementData
    provenance: NotRequired[dict[str, Any]]


# -- scores of the critiques in helpfulness rows --------------------------------------------------------


@with_config(EXACT)
class CritiqueScoresRecord(TypedDict):
    """A scorer's probabilities that the critiques of one question of a helpfulness row are helpful."""

    id: str
    """The row's `id`."""
    question_index: Index
    """The question's place in the row, 0-based."""
    scores: list[Probability]
    """In the order of the question's critiques."""


# -- samples for the gaps between generating, discriminating and critiquing ------------------------------


@with_config(EXACT)
class GapSample(TypedDict):
    """One sampled answer, its scores, and what people or an oracle say of it and of its one forced critique."""

    answer: str
    temperature: Annotated[float, Field(ge=0)]
    critiqueability: Probability
    """The model's probability that the answer has a flaw: the discriminator."""
    critique: str
    helpful: bool
    severity: Severity | None
    """Null if the critique is not helpful or severity was not asked."""
    perfect: bool
    """Uncritiqueable."""
    rating: Rating | None


@with_config(EXACT)
class GapData(TypedDict):
    passage: Passage
    question: str
    samples: Annotated[list[GapSample], Field(min_length=1)]


@with_config(EXACT)
class GapRecord(TypedDict):
    """Answers of one model to one question, for the gaps of the paper's section 5."""

    id: str
    model: str
    judge: Literal["people", "oracle"]
    data: GapData
    provenance: NotRequired[dict[str, Any]]


# -- judgements of critiques ----------------------------------------------------------------------------


@with_config(EXACT)
class ShownAs(TypedDict):
    """Where an assisted labeler met this critique: a label of the assistance file and its stored index."""

    label_id: str
    assistance_critique: Index


@with_config(EXACT)
class JudgementVerdict(TypedDict):
    critique: str
    critic: str
    """A model's name, `Human`, or `intended`."""
    helpful: bool
    clearly_helpful: bool | None
    """“Clearly and unambiguously helpful”; null if not asked, true only if helpful."""
    severity: Severity | None
    """Null if not asked or not helpful."""
    rank: Tier | None
    """0 best; null if not ranked."""
    score: Probability | None
    """The model's probability that the critique is helpful; null if it gave none."""
    shown_as: list[ShownAs]
    """Every label that was offered this very critique; empty if nobody was."""


@with_config(EXACT)
class JudgementData(TypedDict):
    passage: Passage
    question: str
    answer: str
    answer_source: str | None
    critiqueable: bool | None
    """Whether the labeler holds the answer flawed; null if not asked and nothing helpful tells."""
    critiques: list[JudgementVerdict]


@with_config(EXACT)
class JudgementRecord(TypedDict):
    """One labeler's verdicts on critiques of one answer."""

    id: str
    source_id: str
    time: float
    labeler: str
    data: JudgementData
    provenance: NotRequired[dict[str, Any]]
