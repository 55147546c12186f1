"""Addresses."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("labeling.urls.people")),
    path("onboarding/", include("labeling.urls.onboarding")),
    path("critiquing/", include("labeling.urls.critiquing")),
    path("answering/", include("labeling.urls.answering")),
    path("demonstrating/", include("labeling.urls.demonstrating")),
    path("refining/", include("labeling.urls.refining")),
    path("judging/", include("labeling.urls.judging")),
    path("checking/", include("labeling.urls.checking")),
    path("comparing/", include("labeling.urls.comparing")),
    path("studies/", include("assist.urls")),
    path("studies/", include("labeling.urls.rounds")),
    path("studies/", include("labeling.urls.studies")),
    path("passages/", include("labeling.urls.passages")),
    path("api/", include("labeling.api.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "labeling.views.errors.bad_request"
