"""What decides on a backbone's features: a fitted head as arrays, and what it computes of them."""
