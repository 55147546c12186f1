"""One sitting holds the work of every activity: columns for what submissions of critiques kept."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("labeling", "0010_calibrate_scores")]

    operations = [
        migrations.AddField("sitting", "rating", models.PositiveSmallIntegerField(blank=True, null=True)),
        migrations.AddField(
            "sitting",
            "saved_at",
            models.DateTimeField(auto_now=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            "labelercritique",
            "sitting",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="critiques",
                to="labeling.sitting",
            ),
        ),
        migrations.AddField(
            "intendedcheck",
            "label",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="checks", to="labeling.sitting"
            ),
        ),
        migrations.AddField(
            "labeltocheck",
            "label",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="to_check", to="labeling.sitting"
            ),
        ),
        # The old relation of critiques steps aside for the new one's name.
        migrations.AlterField(
            "labelercritique",
            "submission",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="labeling.submission"
            ),
        ),
        migrations.AlterField(
            "intendedcheck",
            "submission",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.submission"
            ),
        ),
        migrations.AlterField(
            "labeltocheck",
            "submission",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="labeling.submission"
            ),
        ),
    ]
