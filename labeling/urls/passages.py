"""Addresses of passages."""

from django.urls import path

from labeling.views import passages as views

app_name = "passages"

urlpatterns = [
    path("", views.passage_list, name="list"),
    path("upload/", views.upload, name="upload"),
    path("<int:pk>/", views.passage_page, name="passage"),
]
