"""Addresses of accounts, for admins."""

from django.urls import path

from labeling.views import people as views

app_name = "people"

urlpatterns = [
    path("", views.people_list, name="list"),
    path("new/", views.new_account, name="new"),
    path("<int:pk>/", views.person, name="person"),
    path("<int:pk>/role/", views.change_role, name="role"),
    path("<int:pk>/names/", views.add_name, name="names"),
    path("<int:pk>/password/", views.new_password, name="password"),
    path("<int:pk>/close/", views.close, name="close"),
    path("<int:pk>/reopen/", views.reopen, name="reopen"),
]
