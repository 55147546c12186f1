"""Accounts: who may sign in, and as what. Every change leaves its event."""

from __future__ import annotations

from axes.utils import reset as lift_lockout
from django.db import IntegrityError, transaction

from labeling.actions.locking import lock_people, locked
from labeling.actions.names import claim, free_name
from labeling.actions.releasing import withdraw
from labeling.enums import EventKind, Role
from labeling.models import Event, Labeler, User
from labeling.refusals import Refused
from labeling.rules.permissions import check_can_stop_being_admin


def create_account(*, username: str, role: Role, password: str | None = None, actor: User | None = None) -> User:
    """Make an account; a labeler's also enters them among the people of the study.

    What was uploaded under its name becomes the account's. Raises Refused if the name is another account's.
    Without a password nobody can sign in with it until one is set by a link. Admins may use Django's admin.
    """
    try:
        with transaction.atomic():
            author = free_name(username)
            user = User.objects.create_user(username, password=password, role=role)
            _grant(user, role)
            if author is not None:
                claim(author, user, actor=actor)
            elif role is Role.LABELER:
                Labeler.objects.create(user=user)
            _record(EventKind.ACCOUNT_MADE, user, actor, value=list(Role).index(role))
    except IntegrityError:
        raise Refused(f"There is an account named “{username}” already.", field="username") from None
    return user


def _grant(user: User, role: Role) -> None:
    """The role, and what Django's own admin goes by."""
    user.role = role
    user.is_staff = user.is_superuser = role is Role.ADMIN
    user.save(update_fields=["role", "is_staff", "is_superuser"])


def change_role(user: User, role: Role, *, actor: User) -> None:
    """Let somebody use the site as something else. What a labeler has not begun goes back to the pool."""
    with transaction.atomic():
        user = _held(user)
        if user.role == role:
            return
        check_can_stop_being_admin(user)
        _grant(user, role)
        if role is Role.LABELER:
            Labeler.objects.get_or_create(user=user)
        else:
            _take_back_work(user, actor)
        _record(EventKind.ROLE_CHANGED, user, actor, value=list(Role).index(role))


def close_account(user: User, *, actor: User) -> None:
    """Let nobody sign in with it. Whoever is signed in is signed out, and what they have not begun is taken back."""
    with transaction.atomic():
        user = _held(user)
        if not user.is_active:
            return
        check_can_stop_being_admin(user)
        user.is_active = False
        user.save(update_fields=["is_active"])
        _take_back_work(user, actor)
        _record(EventKind.ACCOUNT_CLOSED, user, actor)


def reopen_account(user: User, *, actor: User) -> None:
    """Let its owner sign in again, with the password they had."""
    with transaction.atomic():
        user = _held(user)
        if user.is_active:
            return
        user.is_active = True
        user.save(update_fields=["is_active"])
        _record(EventKind.ACCOUNT_REOPENED, user, actor)


def reset_password(user: User, *, actor: User) -> User:
    """Let the old password count no more, here and where somebody is signed in with it. A link sets the new one."""
    with transaction.atomic():
        user = _held(user)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        _record(EventKind.PASSWORD_RESET, user, actor)
    return user


def set_password(user: User, password: str) -> None:
    """The owner of the account chooses a password. Having guessed wrong before no longer locks them out."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        lift_lockout(username=user.get_username())
        _record(EventKind.PASSWORD_SET, user, user)


def _held(user: User) -> User:
    """The account as it is now, held until the transaction ends, with the admins and the labeler it is."""
    list(locked(User.objects.filter(role=Role.ADMIN).order_by("pk")))
    held: User = locked(User.objects.filter(pk=user.pk)).get()
    lock_people(Labeler.objects.filter(user=held).values_list("pk", flat=True))
    return held


def _take_back_work(user: User, actor: User) -> None:
    for labeler in Labeler.objects.filter(user=user):
        withdraw(labeler, actor=actor)


def _record(kind: EventKind, user: User, actor: User | None, *, value: int | None = None) -> None:
    Event.objects.create(kind=kind, account=user, actor=actor, value=value)
