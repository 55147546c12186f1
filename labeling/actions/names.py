"""Whose a name is. Accounts and the authors that uploads name are one set of people, told apart by their names.

An author whom an upload names before they have an account is kept by that name. When an account of the name is made,
it claims the author: from then on all that was kept of the author is the account's.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, models, transaction

from labeling.actions.releasing import release
from labeling.enums import Activity, AssignmentState, EventKind, ReleaseReason
from labeling.models import Assignment, Event, Labeler, PersonName, User
from labeling.models.names import LONGEST_KEY, keep_name, name_key
from labeling.refusals import Refused


def known_as(name: str) -> tuple[User | None, Labeler | None]:
    """The account that goes or went by this name and its labeler; or the author without an account alone; or nobody."""
    user = User.objects.filter(username=name).first()
    known = PersonName.objects.filter(key=name_key(name)).select_related("user", "labeler").first()
    if user is None and known is not None:
        user = known.user
    if user is not None:
        return user, Labeler.objects.filter(user=user).first()
    return None, known.labeler if known is not None else None


def person_named(name: str) -> tuple[User | None, Labeler | None]:
    """The same, but somebody. Raises Refused if nobody is known by the name."""
    user, labeler = known_as(name)
    if user is None and labeler is None:
        raise Refused(f"Nobody here is called “{name}”.")
    return user, labeler


def labeler_named(name: str) -> Labeler:
    """Whoever goes by this name; where nobody does, from now on an author known by it only."""
    user, labeler = known_as(name)
    if labeler is not None:
        return labeler
    if user is not None:
        return Labeler.objects.get_or_create(user=user)[0]
    try:
        with transaction.atomic():
            return Labeler.objects.create(outside_name=" ".join(name.split()))
    except IntegrityError:  # somebody else has just named the same author
        return labeler_named(name)


def free_name(name: str, *, user: User | None = None) -> Labeler | None:
    """Make a name free for an account that is about to have it (`user`, if there is one already).

    Returns the author without an account who went by it, for the account to claim in the same transaction. Raises
    Refused if the name is another account's, or was.
    """
    if not name_key(name) or len(name_key(name)) > LONGEST_KEY:
        raise Refused("This cannot be a name.", field="username")
    holder, author = known_as(name)
    if holder is not None and holder != user:
        raise Refused(_taken(name, holder), field="username")
    if author is None or holder is not None:
        return None
    author.names.all().delete()
    return author


def _taken(name: str, holder: User) -> str:
    if holder.username == name:
        return f"There is an account named “{name}” already."
    return f"“{name}” is or was a name of the account “{holder}”: nobody could tell the two apart. Choose another."


def claim(author: Labeler, user: User, *, actor: User | None = None) -> None:
    """Make an author without an account the account's. Call in the transaction in which the account gets the name.

    What the account has not begun, or not handed in, about a text that the author has met is given back.
    """
    texts = author.exposures.count()
    own = Labeler.objects.filter(user=user).first()
    if own is None:
        author.user, author.outside_name = user, None
        author.save(update_fields=["user", "outside_name"])
    else:
        _give_back_work_on_texts_met_by(author, own)
        _merge(author, own)
    Event.objects.create(kind=EventKind.NAME_CLAIMED, account=user, actor=actor, value=texts)


def say_what_was_claimed(user: User) -> str:
    """What an account has claimed, in a sentence for whoever made or renamed it; empty if nothing."""
    claims = Event.objects.filter(kind=EventKind.NAME_CLAIMED, account=user).values_list("value", flat=True)
    if not claims:
        return ""
    return f"Texts that were uploaded under this name are the account's now: {sum(value or 0 for value in claims)}."


def rename_account(user: User, username: str, *, actor: User | None = None) -> None:
    """Let an account go by another name. What it was called before stays its own."""
    with transaction.atomic():
        author = free_name(username, user=user)
        user.username = username
        user.save(update_fields=["username"])
        if author is not None:
            claim(author, user, actor=actor)


def give_name(user: User, name: str, *, actor: User | None = None) -> None:
    """Let files call an account by a further name, perhaps one that no account can have: what was or will be uploaded
    under it is the account's. Raises Refused if the name is another account's, or was.
    """
    with transaction.atomic():
        author = free_name(name, user=user)
        keep_name(name, user=user)
        if author is not None:
            claim(author, user, actor=actor)


def _give_back_work_on_texts_met_by(author: Labeler, labeler: Labeler) -> None:
    work = Assignment.objects.live().of(labeler).exclude(state=AssignmentState.SUBMITTED)
    met = author.exposures.values("text_digest")
    for assignment in work.exclude(slot__activity=Activity.CHECKING).filter(slot__passage__text_digest__in=met):
        release(assignment, ReleaseReason.SEEN_BEFORE)


def _merge(author: Labeler, into: Labeler) -> None:
    """Move all that was kept of an author to another person, who is the same one."""
    for exposure in author.exposures.all():
        if into.exposures.filter(text_digest=exposure.text_digest).update(activity=exposure.activity):
            exposure.delete()
    for relation in Labeler._meta.related_objects:
        if isinstance(relation, models.ManyToOneRel) and relation.related_model is not PersonName:
            _rows(relation).filter(**{relation.field.name: author}).update(**{relation.field.name: into})
    author.delete()


def _rows(relation: models.ManyToOneRel) -> Any:
    return relation.related_model._default_manager
