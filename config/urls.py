"""Addresses."""

from django.contrib import admin
from django.urls import include, path

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

handler400 = "labeling.views.errors.bad_request"
