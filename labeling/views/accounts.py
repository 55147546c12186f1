"""Signing in and out."""

from __future__ import annotations

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest

from labeling.forms.accounts import SignInForm

sign_in = LoginView.as_view(
    template_name="accounts/sign_in.html", authentication_form=SignInForm, redirect_authenticated_user=True
)
sign_out = LogoutView.as_view()
#: How much of a name the record of failed attempts keeps: no account has a longer one.
LONGEST_NAME = 255


def name_in_log(request: HttpRequest, credentials: dict[str, str | None] | None = None) -> str | None:
    """The name somebody tries to sign in with, on any page, as the record of failed attempts can keep it."""
    name = credentials.get("username") if credentials else request.POST.get("username")
    return name[:LONGEST_NAME] if name is not None else None
