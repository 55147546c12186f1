"""Files in and out: rows of the database to and from documented records (findings.records)."""
