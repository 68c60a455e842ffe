"""Heads on features: fitted side by side, compared on the validation split, calibrated; none sees the test split."""
