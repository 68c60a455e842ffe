"""Plays Seldon's operator 1.17.1: what it makes of a SeldonDeployment, and when it writes it again."""
