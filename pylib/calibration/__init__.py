"""Which calibration makes a model's confidence what it should be, fitted on the calibration split alone."""
