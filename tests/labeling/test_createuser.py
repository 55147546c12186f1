"""Accounts from the command line."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from labeling.models import Labeler, User

pytestmark = pytest.mark.django_db


def createuser(*arguments: str) -> str:
    said = io.StringIO()
    call_command("createuser", *arguments, stdout=said)
    return said.getvalue()


def test_a_labeler_can_sign_in_with_the_password_it_printed() -> None:
    name, password = createuser("nora").strip().split(" (labeler): ")
    user = User.objects.get(username=name)
    assert user.check_password(password)
    assert Labeler.objects.filter(user=user).exists()
    assert not user.is_staff


def test_an_admin_may_look_things_up_and_labels_nothing() -> None:
    createuser("ada", "--role", "admin")
    user = User.objects.get(username="ada")
    assert user.is_admin
    assert user.is_staff
    assert not Labeler.objects.filter(user=user).exists()


def test_a_name_that_is_taken_or_impossible_is_refused() -> None:
    createuser("nora")
    with pytest.raises(CommandError, match="There is an account named “nora” already"):
        createuser("nora")
    with pytest.raises(CommandError, match="Enter a valid username"):
        createuser("two words")
    assert User.objects.count() == 1
