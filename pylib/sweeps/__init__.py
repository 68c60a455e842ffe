"""A search for hyper-parameters, written once as a Katib Experiment: run here, trial by trial."""
