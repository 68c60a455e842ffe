"""What who breaks in could do, and what would let him in."""
