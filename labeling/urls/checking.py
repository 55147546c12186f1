"""Checking found critiques."""

from django.urls import path

from labeling.actions import checking as actions
from labeling.enums import Activity
from labeling.views import checking, sittings, working

app_name = "checking"
urlpatterns = [
    path("<slug:public_id>/", checking.page, name="page"),
    path("<slug:public_id>/parts/<uuid:client_key>/", checking.part, name="part"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.CHECKING), name="active-time"),
    path("<slug:public_id>/submit/", sittings.submit(Activity.CHECKING, actions.submit), name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.CHECKING), name="give-back"),
]
