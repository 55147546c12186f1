"""Comparing answers."""

from django.urls import path

from labeling.actions import comparing as actions
from labeling.enums import Activity
from labeling.views import comparing, sittings, working

app_name = "comparing"
urlpatterns = [
    path("<slug:public_id>/", comparing.page, name="page"),
    path("<slug:public_id>/parts/<uuid:client_key>/", comparing.part, name="part"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.COMPARING), name="active-time"),
    path("<slug:public_id>/submit/", sittings.submit(Activity.COMPARING, actions.submit), name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.COMPARING), name="give-back"),
]
