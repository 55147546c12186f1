"""Submissions are sittings now: their table goes, and the database asks of sittings what it asked of them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0012_move_submissions_into_sittings")]

    operations = [
        migrations.RemoveConstraint("labelercritique", "one_critique_per_client_key"),
        migrations.RemoveConstraint("intendedcheck", "label_checked_once_per_sitting"),
        migrations.RemoveConstraint("labeltocheck", "label_to_check_once_per_study"),
        migrations.RemoveField("labelercritique", "submission"),
        migrations.RemoveField("intendedcheck", "submission"),
        migrations.RemoveField("labeltocheck", "submission"),
        migrations.DeleteModel("Submission"),
        migrations.AlterField(
            "labelercritique",
            "sitting",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="critiques", to="labeling.sitting"
            ),
        ),
        migrations.AlterField(
            "intendedcheck",
            "label",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="labeling.sitting"
            ),
        ),
        migrations.AlterField(
            "labeltocheck",
            "label",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="to_check", to="labeling.sitting"
            ),
        ),
        migrations.AddConstraint(
            "labelercritique",
            models.UniqueConstraint(fields=("sitting", "client_key"), name="one_critique_per_client_key"),
        ),
        migrations.AddConstraint(
            "intendedcheck",
            models.UniqueConstraint(fields=("sitting", "label"), name="label_checked_once_per_sitting"),
        ),
        migrations.AddConstraint(
            "labeltocheck",
            models.UniqueConstraint(fields=("study", "label"), name="label_to_check_once_per_study"),
        ),
        migrations.AddConstraint(
            "sitting",
            models.CheckConstraint(
                condition=models.Q(("rating__isnull", True), models.Q(("rating__gte", 1), ("rating__lte", 7)), _connector="OR"),
                name="rating_1_to_7",
            ),
        ),
        migrations.AddConstraint(
            "sitting",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("activity", "critiquing"), _negated=True),
                    ("submitted_at__isnull", True),
                    models.Q(("rating__isnull", False), ("total_time_ms__isnull", False)),
                    _connector="OR",
                ),
                name="submitted_label_is_rated_and_timed",
            ),
        ),
        migrations.AddConstraint(
            "sitting",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("activity", "critiquing"), _negated=True),
                    ("assignment__isnull", False),
                    _connector="OR",
                ),
                name="critiques_are_found_in_an_assignment",
            ),
        ),
    ]
