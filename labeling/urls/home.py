"""Signing in and out, and home."""

from django.urls import path

from labeling.views import accounts, home

urlpatterns = [
    path("", home.front, name="home"),
    path("next/", home.start_next, name="start-next"),
    path("sign-in/", accounts.sign_in, name="sign-in"),
    path("password/<uidb64>/<token>/", accounts.ChoosePassword.as_view(), name="choose-password"),
    path("sign-out/", accounts.sign_out, name="sign-out"),
]
