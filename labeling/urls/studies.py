"""Addresses of those who run and read studies."""

from django.urls import path, re_path

from labeling.views import choosing, findings
from labeling.views import studies as views

app_name = "studies"

urlpatterns = [
    path("", views.study_list, name="list"),
    path("new/", views.new_study, name="new"),
    path("<str:public_id>/", views.study_page, name="study"),
    path("<str:public_id>/assistance.jsonl", views.export, name="export"),
    path("<str:public_id>/findings/", findings.findings_page, name="findings"),
    re_path("^(?P<public_id>[^/]+)/(?P<name>findings|details).json$", findings.findings_file, name="findings-file"),
    path("<str:public_id>/questions/", choosing.choose_questions, name="questions"),
    path("<str:public_id>/labelers/", choosing.choose_labelers, name="labelers"),
    path("<str:public_id>/deal/", views.deal_out, name="deal"),
    path("<str:public_id>/calibrate/", views.calibrate, name="calibrate"),
    path("<str:public_id>/open/", views.open_study, name="open"),
    path("<str:public_id>/close/", views.close_study, name="close"),
    path("<str:public_id>/cells/<int:slot_id>/", views.reassign, name="reassign"),
]
