"""Who may ask what of the API: the rules of labeling.rules.permissions, in the voice of the REST framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission

from labeling.models import User
from labeling.rules.permissions import can_run_studies

if TYPE_CHECKING:  # the framework loads this module while it loads its own views
    from rest_framework.request import Request
    from rest_framework.views import APIView


class IsResearcher(BasePermission):
    """Researchers and admins. The default: a view that says nothing is closed to labelers."""

    message = "Only researchers and admins can see this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and request.user.is_researcher


class WritesAreForAdmins(BasePermission):
    """Reading is for researchers (asked beside this), writing for those who run studies."""

    message = "Only admins can do this."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS or (isinstance(request.user, User) and can_run_studies(request.user))
