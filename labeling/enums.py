"""The closed lists of the study, each owning its wording. Values that are released are stored as released."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    LABELER = "labeler", "Labeler"
    RESEARCHER = "researcher", "Researcher"
    ADMIN = "admin", "Admin"


class AnswerKind(models.TextChoices):
    """Who made an answer (paper, section 3.2). Hidden from labelers, always."""

    MODEL = "Model", "Model"
    HUMAN = "Human", "Human"
    HUMAN_MISLEADING = "Human misleading", "Human misleading"


class Category(models.TextChoices):
    COVERAGE = "coverage", "Coverage"
    ACCURACY = "accuracy", "Accuracy"
    COHERENCE = "coherence", "Coherence"
    OTHER = "other", "Other"

    @property
    def help_text(self) -> str:
        return {
            Category.COVERAGE: "Something the text says about the question is missing.",
            Category.ACCURACY: "Something stated contradicts the text, or is not supported by it.",
            Category.COHERENCE: "Hard to read, repetitive, off topic, or badly put together.",
            Category.OTHER: "None of these: say what in a few words.",
        }[self]


class Severity(models.IntegerChoices):
    """Ends as the paper names them, "minor" to "critical"; 4 is worst."""

    MINOR = 1, "Minor"
    MODERATE = 2, "Moderate"
    MAJOR = 3, "Major"
    CRITICAL = 4, "Critical"

    @property
    def help_text(self) -> str:
        return {
            Severity.MINOR: "A small blemish; the answer still serves.",
            Severity.MODERATE: "Worth fixing; a reader loses something.",
            Severity.MAJOR: "A reader would be misinformed or miss a main point.",
            Severity.CRITICAL: "The answer fails its question.",
        }[self]


class CritiqueOrigin(models.TextChoices):
    MODEL = "model", "Sampled from a model"
    LABELER = "labeler", "Written by a labeler"
    INTENDED = "intended", "Intended by the author of a misleading answer"


class Provenance(models.TextChoices):
    """How a text came to be here. What is given by a file may be unknown in parts; what is made here may not."""

    WRITTEN = "written", "Written here"
    SAMPLED = "sampled", "Sampled here"
    GIVEN = "given", "Given by a file"


class Split(models.TextChoices):
    TRAIN = "train", "Train"
    TEST = "test", "Test"


class QuoteOf(models.TextChoices):
    """Which text a quote lies in."""

    PASSAGE = "passage", "The passage"
    RESPONSE = "response", "The text criticised"


class Activity(models.TextChoices):
    """What a labeler is asked to do. One word per activity in every layer."""

    CRITIQUING = "critiquing", "Find critiques"
    ANSWERING = "answering", "Write questions and answers"
    DEMONSTRATING = "demonstrating", "Critique and refine"
    JUDGING = "judging", "Judge critiques"
    COMPARING = "comparing", "Compare answers"
    REFINING = "refining", "Refine an answer"
    CHECKING = "checking", "Check found critiques"

    @property
    def is_about_own_passages(self) -> bool:
        """Whether a study can ask it about its own passages; else it is a round over what another study made."""
        return self in {Activity.ANSWERING, Activity.DEMONSTRATING, Activity.REFINING}

    @property
    def needs_fresh_eye(self) -> bool:
        """Whether the labeler must never have met the passage. Authors check critiques of texts they know."""
        return self is not Activity.CHECKING


class RefinementMethod(models.TextChoices):
    """How a refinement, or what competes with one, came to be (paper, section 4.3)."""

    DIRECT = "direct", "Direct refinement"
    CONDITIONAL = "conditional", "Refinement that addresses a critique"
    BEST_OF_N = "best-of-n", "The best of n fresh answers"


class Better(models.TextChoices):
    """Which of a pair is better. First and second as they are stored, not as they are shown."""

    FIRST = "first", "The first"
    SECOND = "second", "The second"
    TIE = "tie", "Equally good"


class Confidence(models.IntegerChoices):
    """How sure a comparison was."""

    GUESS = 1, "A guess"
    FAIRLY_SURE = 2, "Fairly sure"
    SURE = 3, "Sure"


class StudyState(models.TextChoices):
    PREPARING = "preparing", "Being prepared"
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"
    IMPORTING = "importing", "Being imported"


class AssignmentState(models.TextChoices):
    WAITING = "waiting", "Waiting for suggestions"
    OFFERED = "offered", "Offered"
    OPENED = "opened", "Opened"
    SUBMITTED = "submitted", "Submitted"
    RELEASED = "released", "Released"

    @property
    def is_live(self) -> bool:
        return self is not AssignmentState.RELEASED

    def can_become(self, other: AssignmentState) -> bool:
        return other in ASSIGNMENT_MOVES[self]


#: The life of an assignment: which state may follow which. docs/assignment-states.md is drawn from this.
ASSIGNMENT_MOVES: dict[AssignmentState, frozenset[AssignmentState]] = {
    AssignmentState.WAITING: frozenset({AssignmentState.OFFERED, AssignmentState.RELEASED}),
    AssignmentState.OFFERED: frozenset({AssignmentState.OPENED, AssignmentState.RELEASED}),
    AssignmentState.OPENED: frozenset({AssignmentState.SUBMITTED, AssignmentState.RELEASED}),
    AssignmentState.SUBMITTED: frozenset(),
    AssignmentState.RELEASED: frozenset(),
}


class ReleaseReason(models.TextChoices):
    SEEN_BEFORE = "seen_before", "I have read this text before"
    BROKEN_TEXT = "broken_text", "The text is broken or unreadable"
    TIMED_OUT = "timed_out", "Left open too long"
    UNTOUCHED = "untouched", "Offered and not begun in time"
    REASSIGNED = "reassigned", "Given to somebody else by an admin"
    RETURNED = "returned", "Put back in the pool by an admin"
    WITHDRAWN = "withdrawn", "Its labeler no longer works in the study"

    @property
    def is_attrition(self) -> bool:
        """Whether the work itself was the reason. The others come about whatever the text and its condition."""
        return self in {ReleaseReason.SEEN_BEFORE, ReleaseReason.BROKEN_TEXT, ReleaseReason.TIMED_OUT}


class EventKind(models.TextChoices):
    DEALT = "dealt", "Dealt out"
    OFFERED = "offered", "Offered"
    OPENED = "opened", "Opened"
    SUBMITTED = "submitted", "Submitted"
    RELEASED = "released", "Released"
    CRITIQUE_ADDED = "critique_added", "Critique added"
    CRITIQUE_CHANGED = "critique_changed", "Critique changed"
    CRITIQUE_REMOVED = "critique_removed", "Critique removed"
    CRITIQUE_RESTORED = "critique_restored", "Critique restored"
    SUGGESTIONS_SHOWN = "suggestions_shown", "Suggestions shown"
    SUGGESTION_USED = "suggestion_used", "Suggestion used"
    RATED = "rated", "Rated"
    DRAFT_ADDED = "draft_added", "Part of a sitting added"
    DRAFT_CHANGED = "draft_changed", "Part of a sitting changed"
    DRAFT_REMOVED = "draft_removed", "Part of a sitting removed"
    DRAFT_RESTORED = "draft_restored", "Part of a sitting restored"
    STUDY_OPENED = "study_opened", "Study opened"
    OPENED_UNREADABLE = "opened_unreadable", "Opened though its critic says it cannot read some texts"
    STUDY_CLOSED = "study_closed", "Study closed"
    QUESTION_READY = "question_ready", "All suggestions of a question ready"
    QUESTION_WITHDRAWN = "question_withdrawn", "Question taken out of a study"
    TEXT_REMOVED = "text_removed", "Passage, question or answer removed"
    TEXT_MENDED = "text_mended", "Wording of a passage, question or answer mended"
    JOINED_STUDY = "joined_study", "Added to the labelers of a study"
    LEFT_STUDY = "left_study", "Removed from the labelers of a study"
    ACCOUNT_MADE = "account_made", "Account made"
    ROLE_CHANGED = "role_changed", "Role changed"
    PASSWORD_RESET = "password_reset", "New password asked for"
    PASSWORD_SET = "password_set", "Password chosen"
    ACCOUNT_CLOSED = "account_closed", "Account closed"
    ACCOUNT_REOPENED = "account_reopened", "Account opened again"
    NAME_CLAIMED = "name_claimed", "An account claimed texts uploaded under its name"
