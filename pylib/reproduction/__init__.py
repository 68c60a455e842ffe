"""A model made again from its record, with the code, environment, data and weights of then, and compared."""
