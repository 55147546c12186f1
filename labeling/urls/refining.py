"""Refining answers."""

from django.urls import path

from labeling.enums import Activity
from labeling.views import refining, working

app_name = "refining"
urlpatterns = [
    path("<slug:public_id>/", refining.page, name="page"),
    path("<slug:public_id>/answers/<int:number>/", refining.refine, name="refine"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.REFINING), name="active-time"),
    path("<slug:public_id>/submit/", refining.submit, name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.REFINING), name="give-back"),
]
