"""Every name is somebody's: accounts claim what was uploaded under their names before they were told apart so."""

import re
import unicodedata

from django.db import migrations

INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
LONGEST_KEY = 300


def name_key(name):
    folded = unicodedata.normalize("NFKC", INVISIBLE.sub("", name)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def forwards(apps, schema_editor):
    keep_names_of_accounts(apps)
    keep_names_of_authors(apps)


def keep_names_of_accounts(apps):
    """Of two accounts with one name the older has it; the other is still found by its name letter by letter."""
    names = apps.get_model("labeling", "PersonName").objects
    for user in apps.get_model("labeling", "User").objects.order_by("pk"):
        key = name_key(user.username)
        if is_name(key):
            names.get_or_create(key=key, defaults={"user": user})


def keep_names_of_authors(apps):
    """An author of an account's name, or of another author's, is that person."""
    names = apps.get_model("labeling", "PersonName").objects
    for author in apps.get_model("labeling", "Labeler").objects.filter(outside_name__isnull=False).order_by("pk"):
        key = name_key(author.outside_name)
        if not is_name(key):
            continue
        name, is_new = names.get_or_create(key=key, defaults={"labeler": author})
        if is_new:
            continue
        if name.user is not None:
            claim(apps, author, name.user)
        else:
            merge(apps, author, name.labeler)


def is_name(key):
    return 0 < len(key) <= LONGEST_KEY


def claim(apps, author, user):
    texts = apps.get_model("labeling", "Exposure").objects.filter(labeler=author).count()
    own = apps.get_model("labeling", "Labeler").objects.filter(user=user).first()
    if own is None:
        author.user, author.outside_name = user, None
        author.save(update_fields=["user", "outside_name"])
    else:
        merge(apps, author, own)
    apps.get_model("labeling", "Event").objects.create(kind="name_claimed", account=user, value=texts)


def merge(apps, author, into):
    exposures = apps.get_model("labeling", "Exposure").objects
    for exposure in exposures.filter(labeler=author):
        if exposures.filter(labeler=into, text_digest=exposure.text_digest).update(activity=exposure.activity):
            exposure.delete()
    for relation in author._meta.related_objects:
        if not relation.many_to_many and relation.related_model._meta.model_name != "personname":
            field = relation.field.name
            relation.related_model._default_manager.filter(**{field: author}).update(**{field: into})
    author.delete()


class Migration(migrations.Migration):

    dependencies = [("labeling", "0018_one_person_one_name")]

    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
