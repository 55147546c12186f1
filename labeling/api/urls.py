"""Addresses of the API."""

from django.urls import path, register_converter
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from labeling.api import views
from labeling.api.permissions import IsResearcher
from labeling.exchange.kinds import EXCHANGES

app_name = "api"


class KindConverter:
    """A kind of released file."""

    regex = "|".join(sorted(EXCHANGES))

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(KindConverter, "kind")

# Page and script apart, and no inline style: the content security policy stays as strict as everywhere.
DOCS = SpectacularSwaggerSplitView.as_view(
    url_name="api:schema", template_name="api/docs.html", permission_classes=[IsResearcher]
)

urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("studies/", views.Studies.as_view(), name="studies"),
    path("studies/<slug:public_id>/", views.OneStudy.as_view(), name="study"),
    path("studies/<slug:public_id>/progress/", views.StudyProgress.as_view(), name="progress"),
    path("studies/<slug:public_id>/assignments/", views.StudyAssignments.as_view(), name="assignments"),
    path("passages/", views.Passages.as_view(), name="passages"),
    path("passages/<int:pk>/", views.OnePassage.as_view(), name="passage"),
    path("exports/<kind:kind>/", views.Export.as_view(), name="export"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[IsResearcher]), name="schema"),
    path("docs/", DOCS, name="docs"),
]
