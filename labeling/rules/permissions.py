"""Who may do what, in two voices: check_can_x raises the reason, can_x asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling.enums import AssignmentState, Role, StudyState
from labeling.models import User
from labeling.refusals import Forbidden, Gone, Refused

if TYPE_CHECKING:
    from labeling.models import Assignment, Labeler, Passage, Study


def check_can_work_on(labeler: Labeler, assignment: Assignment) -> None:
    """Writing needs an opened assignment of one's own in an open study."""
    if assignment.labeler_id != labeler.pk:
        raise Forbidden("This is not one of your assignments.")
    if assignment.state == AssignmentState.SUBMITTED:
        raise Gone("You have submitted this already. It can no longer be changed.")
    if assignment.state == AssignmentState.RELEASED:
        raise Gone("This has been given back, so your work on it can no longer be changed.")
    if assignment.state != AssignmentState.OPENED:
        raise Gone("This has not been opened yet. Start it from your home page.")
    if assignment.slot.study.state != StudyState.OPEN:
        raise Gone("This study is closed, so nothing can be changed any more.")


def check_can_run_studies(user: User) -> None:
    if not user.is_admin:
        raise Forbidden("Only admins can do this.")


def check_can_read_studies(user: User) -> None:
    if not user.is_researcher:
        raise Forbidden("Only researchers and admins can see this.")


def can_run_studies(user: User) -> bool:
    return user.is_authenticated and user.is_admin


def check_can_meet(labeler: Labeler, passage: Passage) -> None:
    """No labeler ever meets a passage twice, authors of its questions and answers included."""
    if labeler.exposures.filter(text_digest=passage.text_digest).exists():
        raise Refused(f"{labeler} has met this text before.")


def check_can_be_given_work(labeler: Labeler, study: Study) -> None:
    """Work goes to the study's labelers whose account is open."""
    if labeler.user is None:
        raise Refused(f"{labeler} has no account here.")
    if not labeler.user.is_active:
        raise Refused(f"The account of {labeler} is closed.")
    if not labeler.user.is_labeler:
        raise Refused(f"{labeler} is not a labeler.")
    if not study.labelers.filter(pk=labeler.pk).exists():
        raise Refused(f"{labeler} does not work in “{study}”.")


def check_can_deal(study: Study) -> None:
    if study.state not in {StudyState.PREPARING, StudyState.OPEN}:
        raise Refused("Only a study that is being prepared or open can be dealt out.")
    if study.is_imported:
        raise Refused("This study was imported: it is history, and is not dealt out.")


def check_can_stop_being_admin(user: User) -> None:
    """A site always has an admin who can sign in. Hold the admins' accounts while asking."""
    if not user.is_admin or not user.is_active:
        return
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    if not others.exists():
        raise Refused(f"{user} is the last admin: make somebody else an admin first.")
