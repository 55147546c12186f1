"""Addresses of passages."""

from django.urls import path

from labeling.views import passages as views

app_name = "passages"

urlpatterns = [
    path("", views.passage_list, name="list"),
    path("upload/", views.upload, name="upload"),
    path("<int:pk>/", views.passage_page, name="passage"),
    path("<int:pk>/<str:kind>/<int:text_pk>/mend/", views.mend, name="mend"),
    path("<int:pk>/<str:kind>/<int:text_pk>/remove/", views.remove, name="remove"),
]
