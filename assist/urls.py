"""Addresses of the worker's panel, below a study's."""

from django.urls import path

from assist import views

app_name = "assist"

urlpatterns = [
    path("critics/", views.critics, name="critics"),
    path("<str:public_id>/runs/", views.runs, name="runs"),
    path("<str:public_id>/runs/retry/", views.retry_failed, name="retry"),
]
