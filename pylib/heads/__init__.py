"""Heads on features: fitted side by side, compared on validation, calibrated; none sees the test split."""
