"""Numbers that broke every sweep, or the findings, can no longer be stored; those that are there are brought inside.

A negative seed never drew a study's findings: its counterpart does. More than a year of idle hours meant never.
"""

from django.db import migrations, models
from django.db.models import F

LARGEST_SEED = 2**63 - 1
LONGEST_IDLE_HOURS = 365 * 24


def bring_inside(apps, schema_editor):
    studies = apps.get_model("labeling", "Study").objects
    studies.filter(seed__lt=0).update(seed=F("seed") + LARGEST_SEED + 1)
    studies.filter(idle_release_hours__lt=1).update(idle_release_hours=1)
    studies.filter(idle_release_hours__gt=LONGEST_IDLE_HOURS).update(idle_release_hours=LONGEST_IDLE_HOURS)


class Migration(migrations.Migration):

    dependencies = [
        ('labeling', '0013_end_one_sitting'),
    ]

    operations = [
        migrations.RunPython(bring_inside, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('seed__isnull', True), models.Q(('seed__gte', 0), ('seed__lte', LARGEST_SEED)), _connector='OR'), name='study_seed_in_range'),
        ),
        migrations.AddConstraint(
            model_name='study',
            constraint=models.CheckConstraint(condition=models.Q(('idle_release_hours__isnull', True), models.Q(('idle_release_hours__gte', 1), ('idle_release_hours__lte', LONGEST_IDLE_HOURS)), _connector='OR'), name='idle_hours_1_to_a_year'),
        ),
    ]
