"""Whether what a served model is asked, and what it answers, is still like what it learned from."""
