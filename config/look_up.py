"""Django's admin as the place where admins, and nobody else, look things up."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class LookUpSite(AdminSite):
    site_header = site_title = "Second Reader: look things up"
    index_title = "Tables"

    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_active and getattr(request.user, "is_admin", False)


class LookUpConfig(AdminConfig):
    default_site = "config.look_up.LookUpSite"
