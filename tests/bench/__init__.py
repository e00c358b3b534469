"""Measurements, each figure beside its yardstick in the same run; never a verdict of a test."""
