"""Addresses of the work of labelers: each activity's views are in a module of its name, and say where they are."""

from importlib import import_module

from django.urls import include, path

from labeling.enums import Activity

urlpatterns = [
    path(f"{activity}/", include((import_module(f"labeling.views.{activity}").urlpatterns, activity.value)))
    for activity in Activity
]
