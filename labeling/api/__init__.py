"""The JSON API: studies, passages, progress and exports for researchers; labelers learn only about themselves."""
