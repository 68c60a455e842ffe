"""The policies of the check: a module a topic, a small function a rule, each with its reason.

What other people wrote is judged by the rules on what is dangerous; only ours must be hardened.
"""
