"""What lists of passages show of a text is kept beside it, so that they load no texts."""

from django.db import migrations, models

PASSAGES_A_BATCH = 200


def describe_texts(apps, schema_editor):
    Passage = apps.get_model("labeling", "Passage")
    batch = []
    for passage in Passage.objects.only("pk", "text").iterator(PASSAGES_A_BATCH):
        passage.beginning = passage.text[:60].strip()
        passage.word_count = len(passage.text.split())
        batch.append(passage)
        if len(batch) == PASSAGES_A_BATCH:
            Passage.objects.bulk_update(batch, ["beginning", "word_count"])
            batch = []
    Passage.objects.bulk_update(batch, ["beginning", "word_count"])


class Migration(migrations.Migration):
    dependencies = [
        ("labeling", "0014_bound_what_studies_set"),
    ]

    operations = [
        migrations.AddField(
            model_name="passage",
            name="beginning",
            field=models.CharField(blank=True, editable=False, max_length=60),
        ),
        migrations.AddField(
            model_name="passage",
            name="word_count",
            field=models.PositiveIntegerField(default=0, editable=False),
        ),
        migrations.RunPython(describe_texts, migrations.RunPython.noop),
    ]
