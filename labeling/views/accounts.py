"""Signing in and out, and choosing a password behind a link that an admin handed over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy

from labeling.forms.accounts import SignInForm
from labeling.forms.people import ChoosePasswordForm

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


class ChoosePassword(PasswordResetConfirmView):
    form_class = ChoosePasswordForm
    template_name = "accounts/choose_password.html"
    success_url = reverse_lazy("sign-in")

    def form_valid(self, form: SetPasswordForm[Any]) -> HttpResponse:
        messages.success(self.request, "Your password is set. Sign in with it.")
        return super().form_valid(form)
