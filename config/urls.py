"""Addresses."""

from django.contrib import admin
from django.urls import include, path

handler400 = "labeling.views.errors.bad_request"
handler404 = "labeling.views.errors.not_found"
handler500 = "labeling.views.errors.server_error"

urlpatterns = [
    path("", include("labeling.urls.home")),
    path("people/", include("labeling.urls.people")),
    path("", include("labeling.urls.desks")),
    path("onboarding/", include("labeling.urls.onboarding")),
    path("studies/", include("assist.urls")),
    path("studies/", include("labeling.urls.rounds")),
    path("studies/", include("labeling.urls.studies")),
    path("passages/", include("labeling.urls.passages")),
    path("api/", include("labeling.api.urls")),
    path("admin/", admin.site.urls),
]
