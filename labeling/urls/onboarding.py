"""Before the first assignment."""

from django.urls import path

from labeling.views import onboarding

app_name = "onboarding"
urlpatterns = [
    path("<slug:public_id>/consent/", onboarding.consent, name="consent"),
    path("<slug:public_id>/write/", onboarding.write, name="write"),
    path("<slug:public_id>/write/quiz/", onboarding.write_quiz, name="write-quiz"),
    path("<slug:public_id>/<slug:activity>/quiz/", onboarding.quiz, name="quiz"),
]
