"""The API's endpoints."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Prefetch, QuerySet
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from findings.records import RecordError
from labeling.api import shapes
from labeling.api.permissions import IsResearcher, WritesAreForAdmins
from labeling.api.schemas import PASSAGE_SCHEMA
from labeling.enums import Activity, AssignmentState
from labeling.exchange.downloads import download
from labeling.exchange.exporting import studies_to_export
from labeling.exchange.kinds import EXCHANGES, dataset_records
from labeling.exchange.upload_format import uploaded_passage
from labeling.exchange.uploads import UploadProblems, store_passages
from labeling.models import Answer, Assignment, Critique, Passage, Slot, Study, User
from labeling.models.querysets import finished

uncached = method_decorator(never_cache, name="dispatch")


@uncached
class Me(APIView):
    """Who is asking, and how much work there is for them."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=shapes.MeShape)
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        own = Assignment.objects.filter(labeler__user=request.user)
        me = {
            "username": request.user.get_username(),
            "role": request.user.role,
            "to_do": own.to_be_done().count(),
            "submitted": own.filter(state=AssignmentState.SUBMITTED).count(),
        }
        return Response(shapes.MeShape(me).data)


def visible_studies() -> QuerySet[Study]:
    counted = studies_to_export().annotate(number_of_questions=Count("study_questions"))
    return counted.prefetch_related("conditions")


@uncached
class Studies(generics.ListAPIView[Study]):
    """All studies, imported ones included."""

    serializer_class = shapes.StudyShape
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        return visible_studies()


@uncached
class OneStudy(generics.RetrieveAPIView[Study]):
    """One study."""

    serializer_class = shapes.StudyShape
    lookup_field = "public_id"
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        return visible_studies()


@uncached
class StudyProgress(APIView):
    """A study's cells by state, in all and by condition."""

    @extend_schema(responses=shapes.StudyProgressShape)
    def get(self, request: Request, public_id: str) -> Response:
        study = get_object_or_404(visible_studies(), public_id=public_id)
        by_condition = [
            {
                "answer_kind": condition.answer_kind,
                "assisted": condition.assisted,
                **count_cells(study, answer_kind=condition.answer_kind, assisted=condition.assisted),
            }
            for condition in study.conditions.all()
        ]
        progress = {
            "questions": study.study_questions.count(),
            "questions_ready": study.study_questions.filter(ready_at__isnull=False).count(),
            "cells": count_cells(study)["cells"],
            "conditions": by_condition,
        }
        return Response(shapes.StudyProgressShape(progress).data)


def count_cells(study: Study, **of: object) -> dict[str, Any]:
    """Cells by the state of whoever has them, and how many takes were given back."""
    slots = Slot.objects.filter(study=study, activity=Activity.CRITIQUING, **of)
    states = Counter(Assignment.objects.filter(slot__in=slots).values_list("state", flat=True))
    live = [state for state in AssignmentState if state.is_live]
    cells = {state.value: states[state] for state in live}
    return {
        "cells": cells | {"free": slots.count() - sum(cells.values())},
        "released": states[AssignmentState.RELEASED],
    }


@uncached
class StudyAssignments(generics.ListAPIView[Assignment]):
    """Who has which cell of a study, and how far they are; given-back takes too."""

    serializer_class = shapes.AssignmentShape
    queryset = Assignment.objects.none()

    def get_queryset(self) -> QuerySet[Assignment]:
        study = get_object_or_404(studies_to_export(), public_id=self.kwargs["public_id"])
        rows: QuerySet[Assignment] = Assignment.objects.filter(slot__study=study)
        return rows.select_related("labeler__user", "slot__study_question__question", "slot__passage").order_by("pk")


def visible_passages() -> QuerySet[Passage]:
    """Passages that are not part of an unfinished import."""
    return Passage.objects.filter(finished()).order_by("pk")


@uncached
class Passages(generics.ListAPIView[Passage]):
    """All passages; POST adds one, as a line of an input file does (docs/input-format.md)."""

    serializer_class = shapes.PassageShape
    permission_classes = [IsResearcher, WritesAreForAdmins]
    queryset = Passage.objects.none()

    def get_queryset(self) -> QuerySet[Passage]:
        return visible_passages().annotate(number_of_questions=Count("questions"))

    @extend_schema(
        request={"application/json": PASSAGE_SCHEMA},
        responses={201: shapes.WholePassageShape, 422: shapes.ProblemsShape},
        operation_id="passages_create",
    )
    def post(self, request: Request) -> Response:
        try:
            report = store_passages([("", uploaded_passage(request.data))], "the request")
        except RecordError as error:
            return _problems([str(error)])
        except UploadProblems as problems:
            return _problems(problems.lines)
        (passage,) = report.passages
        whole = with_answers(visible_passages()).get(pk=passage.pk)
        return Response(shapes.WholePassageShape(whole).data, status=201)


def _problems(lines: list[str]) -> Response:
    return Response({"detail": "Nothing was stored.", "problems": lines}, status=422)


def with_answers(passages: QuerySet[Passage]) -> QuerySet[Passage]:
    critiques = Critique.objects.filter(intended__isnull=False).select_related("intended__critique")
    answers = Answer.objects.select_related("author__user").prefetch_related(Prefetch("critiques", critiques))
    return passages.select_related("author__user").prefetch_related(Prefetch("questions__answers", answers))


@uncached
class OnePassage(generics.RetrieveAPIView[Passage]):
    """A passage with its questions, answers and intended critiques."""

    serializer_class = shapes.WholePassageShape
    queryset = Passage.objects.none()

    def get_queryset(self) -> QuerySet[Passage]:
        return with_answers(visible_passages())


class JsonlRenderer(JSONRenderer):
    """Names the media type of exports, which are streamed past the framework. A refusal is a line too."""

    media_type = "application/jsonl"
    format = "jsonl"


@uncached
class Export(APIView):
    """Rows of a released format, one JSON object a line, streamed."""

    renderer_classes = [JSONRenderer, JsonlRenderer]

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=sorted(EXCHANGES)),
            OpenApiParameter("study", str, description="Only the study of this name."),
            OpenApiParameter("extended", bool, description="Missing answers as null, and provenance (assistance)."),
        ],
        responses={
            (200, "application/jsonl"): OpenApiResponse(str, description="One row a line."),
            404: shapes.RefusalShape,
            422: shapes.RefusalShape,
        },
    )
    def get(self, request: Request, kind: str) -> StreamingHttpResponse:
        extended = request.query_params.get("extended", "").lower() in {"1", "true"}
        rows = dataset_records(kind, study=request.query_params.get("study"), extended=extended)
        return download(rows, kind)
