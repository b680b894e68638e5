"""What a new database looks like, as one number for each kind: changes without a migration are found by it."""

from __future__ import annotations

import hashlib

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ftrack_review.protocol.schema import Schema
from ftrack_review.server import standard_data
from ftrack_review.server.catalogue import Catalogue
from ftrack_review.server.definition.document import standard_document


def fingerprints() -> dict:
    """Return a digest of the statements that make the tables, by kind of database."""
    document = standard_document(standard_data.OBJECT_TYPES, standard_data.NO_PRIORITY_ID)
    metadata = Catalogue(Schema(document)).metadata
    found = {}
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        texts = []
        for table in metadata.tables.values():
            # Columns are found by their names, so their order is nothing to migrate.
            texts.extend(sorted(str(CreateTable(table).compile(dialect=dialect)).split("\n")))
            texts.extend(sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes))
        lines = sorted(" ".join(text.strip().rstrip(",").split()) for text in texts if text.strip())
        found[dialect.name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return found


if __name__ == "__main__":
    print(fingerprints())
