"""Judging critiques."""

from django.urls import path

from labeling.actions import judging as actions
from labeling.enums import Activity
from labeling.views import judging, sittings, working

app_name = "judging"
urlpatterns = [
    path("<slug:public_id>/", judging.page, name="page"),
    path("<slug:public_id>/parts/<uuid:client_key>/", judging.part, name="part"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.JUDGING), name="active-time"),
    path("<slug:public_id>/submit/", sittings.submit(Activity.JUDGING, actions.submit), name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.JUDGING), name="give-back"),
]
