"""Every submission of critiques becomes a sitting under its own public id, and every opened assignment has one."""

from django.db import migrations
from django.db.models import OuterRef, Subquery

BATCH = 1_000
#: What a submission and a sitting both keep.
SHARED = ("public_id", "rating", "total_time_ms", "active_time_ms", "time", "position", "submitted_at")


def forwards(apps, schema_editor):
    submissions = apps.get_model("labeling", "Submission").objects
    sittings = apps.get_model("labeling", "Sitting").objects
    assignments = apps.get_model("labeling", "Assignment").objects.select_related("slot")

    def begun(assignment, **kept):
        slot = assignment.slot
        return sittings.model(
            assignment_id=assignment.pk,
            study_id=slot.study_id,
            activity=slot.activity,
            labeler_id=assignment.labeler_id,
            passage_id=slot.passage_id,
            **kept,
        )

    rows = submissions.select_related("assignment__slot").order_by("pk").iterator(BATCH)
    for batch in batches(rows):
        sittings.bulk_create(begun(row.assignment, **{name: getattr(row, name) for name in SHARED}) for row in batch)
    sittings.filter(activity="critiquing").update(
        saved_at=Subquery(submissions.filter(assignment=OuterRef("assignment_id")).values("saved_at")[:1])
    )
    opened = assignments.filter(state="opened", sitting=None).order_by("pk").iterator(BATCH)
    for batch in batches(opened):
        sittings.bulk_create(begun(assignment) for assignment in batch)

    moved = sittings.filter(assignment__submission=OuterRef("submission_id")).values("pk")[:1]
    for name, column in (("LabelerCritique", "sitting"), ("IntendedCheck", "label"), ("LabelToCheck", "label")):
        apps.get_model("labeling", name).objects.update(**{f"{column}_id": Subquery(moved)})


def batches(rows):
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


class Migration(migrations.Migration):
    dependencies = [("labeling", "0011_begin_one_sitting")]

    operations = [migrations.RunPython(forwards)]
