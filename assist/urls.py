"""Addresses of the worker's panel, below a study's, and of the page to try a critic."""

from django.urls import path

from assist import views

app_name = "assist"

urlpatterns = [
    path("critics/", views.critics, name="critics"),
    path("critics/try/", views.try_critic, name="try"),
    path("critics/try/said/", views.trial, name="trial"),
    path("<str:public_id>/runs/", views.runs, name="runs"),
    path("<str:public_id>/runs/retry/", views.retry_failed, name="retry"),
]
