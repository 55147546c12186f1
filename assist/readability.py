"""Which texts a site's critic cannot read, asked before labelers meet what it would say of them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from assist.critics import critic_settings
from assist.subjects import subject_of_answer
from labeling.models import Answer
from models_service.critic.readable import says_what_it_reads, why_unreadable

#: So many answers are held in memory together.
ANSWERS_AT_ONCE = 500


def unreadable(critic: str, answers: QuerySet[Answer]) -> list[str]:
    """A sentence for each of the answers that the critic cannot read; none where it does not say what it reads."""
    if critic not in settings.CRITICS or not says_what_it_reads(folder := Path(critic_settings(critic).model)):
        return []
    found = []
    for answer in answers.select_related("question__passage").iterator(chunk_size=ANSWERS_AT_ONCE):
        if (why := why_unreadable(folder, subject_of_answer(answer))) is not None:
            found.append(f"“{answer.question.passage}”, {why}")
    return found
