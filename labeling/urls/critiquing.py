"""Finding critiques."""

from django.urls import path

from labeling.enums import Activity
from labeling.views import critiquing, working

app_name = "critiquing"
urlpatterns = [
    path("<slug:public_id>/", critiquing.page, name="page"),
    path("<slug:public_id>/critiques/", critiquing.add, name="add"),
    path("<slug:public_id>/critiques/<uuid:client_key>/", critiquing.critique, name="critique"),
    path("<slug:public_id>/critiques/<uuid:client_key>/remove/", critiquing.remove, name="remove"),
    path("<slug:public_id>/critiques/<uuid:client_key>/restore/", critiquing.restore, name="restore"),
    path("<slug:public_id>/suggestions/<int:number>/use/", critiquing.use, name="use"),
    path("<slug:public_id>/rating/", critiquing.rate, name="rate"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.CRITIQUING), name="active-time"),
    path("<slug:public_id>/submit/", critiquing.submit, name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.CRITIQUING), name="give-back"),
]
