"""Writing questions and answers."""

from django.urls import path

from labeling.enums import Activity
from labeling.views import answering, working

app_name = "answering"
urlpatterns = [
    path("<slug:public_id>/", answering.page, name="page"),
    path("<slug:public_id>/questions/", answering.add, name="add"),
    path("<slug:public_id>/questions/<uuid:client_key>/", answering.question, name="question"),
    path("<slug:public_id>/questions/<uuid:client_key>/remove/", answering.remove, name="remove"),
    path("<slug:public_id>/questions/<uuid:client_key>/restore/", answering.restore, name="restore"),
    path("<slug:public_id>/questions/<uuid:client_key>/flaws/", answering.add_flaw, name="add-flaw"),
    path("<slug:public_id>/flaws/<uuid:client_key>/", answering.flaw, name="flaw"),
    path("<slug:public_id>/flaws/<uuid:client_key>/remove/", answering.remove_flaw, name="remove-flaw"),
    path("<slug:public_id>/flaws/<uuid:client_key>/restore/", answering.restore_flaw, name="restore-flaw"),
    path("<slug:public_id>/active-time/", working.active_time(Activity.ANSWERING), name="active-time"),
    path("<slug:public_id>/submit/", answering.submit, name="submit"),
    path("<slug:public_id>/give-back/", working.give_back(Activity.ANSWERING), name="give-back"),
]
