"""Addresses of a study's other activities, and of rounds over its work."""

from django.urls import path

from labeling.views import choosing, rounds

app_name = "rounds"
urlpatterns = [
    path("<str:public_id>/activities/", rounds.activities, name="activities"),
    path("<str:public_id>/passages/", choosing.choose_passages, name="passages"),
    path("<str:public_id>/judging/", rounds.send_to_judging, name="judging"),
    path("<str:public_id>/checking/", rounds.send_to_checking, name="checking"),
    path("<str:public_id>/comparing/", rounds.send_to_comparing, name="comparing"),
    path("<str:public_id>/refinements/", rounds.send_refinements, name="refinements"),
    path("<str:public_id>/export/<slug:kind>.jsonl", rounds.export, name="export"),
]
