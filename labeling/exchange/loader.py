"""What stores the records of a file, whatever their kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from findings.records import rules
from labeling.enums import Activity
from labeling.exchange.imported_entities import ImportedEntities
from labeling.models import Study


class Loader:
    """Stores records of one kind as rows of one study. A kind adds its activity and how a record is stored."""

    activity: Activity
    """What labelers did to make them."""

    def __init__(self, study: Study) -> None:
        assert study.import_batch is not None, "records are stored in the study of an import"
        self.study = study
        self.entities = ImportedEntities(study.import_batch)

    @staticmethod
    def breaches(record: Any) -> Iterable[rules.Breach]:
        """Why a well-formed record cannot be stored here, as (field path, reason); asked before anything is."""
        return ()

    def store(self, record: Any, position: int) -> None:
        """Store the record that stands at this place of the file. Called inside a transaction."""
        raise NotImplementedError
