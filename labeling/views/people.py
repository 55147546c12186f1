"""Accounts, for admins: listed, made, given another role or a new password, closed and opened again."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.actions import people as actions
from labeling.actions.names import give_name, say_what_was_claimed
from labeling.forms.people import FindPeopleForm, NameForm, NewAccountForm, RoleForm
from labeling.models import User
from labeling.models.names import name_key
from labeling.reading.people import found, studies_of
from labeling.refusals import Refused
from labeling.views.access import SiteRequest, for_admins
from labeling.views.desk import checked
from labeling.views.lists import page_of

PEOPLE_A_PAGE = 50
#: The session keeps a link from the request that made it to the one page that shows it.
NEW_LINK = "new_password_link"


@require_GET
@for_admins
def people_list(request: SiteRequest) -> HttpResponse:
    form = FindPeopleForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    page = page_of(request, found(**wanted), PEOPLE_A_PAGE, number_of_studies=Count("labeler__studies"))
    return render(request, "people/list.html", {"page": page, "form": form})


@require_http_methods(["GET", "POST"])
@for_admins
def new_account(request: SiteRequest) -> HttpResponse:
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.create_account(**form.cleaned_data, actor=request.user)
        except Refused as refused:
            form.add_error(refused.field, refused.reason)
        else:
            messages.success(request, f"{user} has an account. Hand over the link below. {say_what_was_claimed(user)}")
            return _show_link(request, user)
    return render(request, "people/new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
@for_admins
def person(request: SiteRequest, pk: int) -> HttpResponse:
    """One account. A link that was just made is shown now and never again."""
    user = get_object_or_404(User, pk=pk)
    context = {
        "person": user,
        "studies": studies_of(user),
        "form": RoleForm(initial={"role": user.role}),
        "names": user.names.exclude(key=name_key(user.username)).order_by("key"),
        "name_form": NameForm(),
        "link": request.session.pop(NEW_LINK, {}).get(str(pk)),
        "days": settings.PASSWORD_RESET_TIMEOUT // (24 * 3600),
    }
    return render(request, "people/person.html", context)


@require_POST
@for_admins
def change_role(request: SiteRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    role = checked(RoleForm(request.POST)).cleaned_data["role"]
    actions.change_role(user, role, actor=request.user)
    messages.success(request, f"{user} is now {role.label.lower()}.")
    return redirect("people:person", pk)


@require_POST
@for_admins
def add_name(request: SiteRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    name = checked(NameForm(request.POST)).cleaned_data["name"]
    give_name(user, name, actor=request.user)
    messages.success(request, f"“{name}” is a name of {user} now. {say_what_was_claimed(user)}")
    return redirect("people:person", pk)


@require_POST
@for_admins
def new_password(request: SiteRequest, pk: int) -> HttpResponse:
    """The old password counts no more. The admin hands over a link; for themself they follow it."""
    user = actions.reset_password(get_object_or_404(User, pk=pk), actor=request.user)
    if user == request.user:
        return redirect(_link(request, user))
    return _show_link(request, user)


@require_POST
@for_admins
def close(request: SiteRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    actions.close_account(user, actor=request.user)
    messages.success(request, f"The account of {user} is closed.")
    return redirect("people:person", pk)


@require_POST
@for_admins
def reopen(request: SiteRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    actions.reopen_account(user, actor=request.user)
    messages.success(request, f"The account of {user} is open again.")
    return redirect("people:person", pk)


def _show_link(request: SiteRequest, user: User) -> HttpResponse:
    request.session[NEW_LINK] = {str(user.pk): _link(request, user)}
    return redirect("people:person", user.pk)


def _link(request: SiteRequest, user: User) -> str:
    """Where the owner of the account chooses a password, once."""
    uid, token = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    return request.build_absolute_uri(reverse("choose-password", args=[uid, token]))
