"""Findings as charts, figures and the report page."""
