"""What Seldon's operator does with what is written."""
