"""Ranking, rating, critiquing and refining answers."""

from django.urls import path

from labeling.enums import Activity
from labeling.views import demonstrating, working

app_name = "demonstrating"
ANSWER = "<slug:public_id>/answers/<int:number>/"
urlpatterns = [
    path("<slug:public_id>/", demonstrating.page, name="page"),
    path(ANSWER, demonstrating.rate, name="rate"),
    path(f"{ANSWER}critiques/", demonstrating.add, name="add"),
    path(f"{ANSWER}critiques/<uuid:client_key>/", demonstrating.link, name="link"),
    path(f"{ANSWER}critiques/<uuid:client_key>/remove/", demonstrating.remove, name="remove"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.DEMONSTRATING), name="active-time"),
    path("<slug:public_id>/submit/", demonstrating.submit, name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.DEMONSTRATING), name="give-back"),
]
