"""What the page of an evaluation shows of a classification."""
