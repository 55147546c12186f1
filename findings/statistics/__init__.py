"""Arithmetic on any values: the bootstrap by passage, means, agreement, ranking and calibration."""
