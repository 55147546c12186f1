"""The tables of the study at a glance."""

from labeling.models.answering import DraftIntended, DraftQuestion
from labeling.models.answers import Answer
from labeling.models.assignments import Assignment, Exposure
from labeling.models.assistance import AssistanceBundle, ShownSuggestion, Suggestion
from labeling.models.comparisons import Comparison, PairCritique, PairToCompare
from labeling.models.critiques import Critique, IntendedCritique, LabelerCritique
from labeling.models.demonstrations import ChainLink, Corroboration, Quote, RankedAnswer, RankedQuestion
from labeling.models.events import Event
from labeling.models.given_verdicts import GivenShowing, GivenVerdict
from labeling.models.imports import ImportBatch
from labeling.models.intended_checks import CheckedCritique, IntendedCheck, LabelToCheck
from labeling.models.judgements import (
    AnswerToJudge,
    BetterCritique,
    CritiqueToJudge,
    HelpfulnessJudgement,
    JudgedQuestion,
)
from labeling.models.names import PersonName
from labeling.models.onboarding import Consent, Instruction, Quiz, QuizAttempt, QuizQuestion
from labeling.models.passages import Passage, Question
from labeling.models.people import Labeler, User
from labeling.models.refinements import Refinement
from labeling.models.sittings import AskedQuestion, Sitting
from labeling.models.snapshots import FindingsSnapshot
from labeling.models.studies import Condition, Slot, Study, StudyActivity, StudyQuestion

__all__ = [
    "Answer",
    "AnswerToJudge",
    "AskedQuestion",
    "Assignment",
    "AssistanceBundle",
    "BetterCritique",
    "ChainLink",
    "CheckedCritique",
    "Comparison",
    "Condition",
    "Consent",
    "Corroboration",
    "Critique",
    "CritiqueToJudge",
    "DraftIntended",
    "DraftQuestion",
    "Event",
    "Exposure",
    "FindingsSnapshot",
    "GivenShowing",
    "GivenVerdict",
    "HelpfulnessJudgement",
    "ImportBatch",
    "Instruction",
    "IntendedCheck",
    "IntendedCritique",
    "JudgedQuestion",
    "LabelToCheck",
    "Labeler",
    "LabelerCritique",
    "PairCritique",
    "PairToCompare",
    "Passage",
    "PersonName",
    "Question",
    "Quiz",
    "QuizAttempt",
    "QuizQuestion",
    "Quote",
    "RankedAnswer",
    "RankedQuestion",
    "Refinement",
    "ShownSuggestion",
    "Sitting",
    "Slot",
    "Study",
    "StudyActivity",
    "StudyQuestion",
    "Suggestion",
    "User",
]
