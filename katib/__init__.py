"""What a Katib Experiment means, as Katib v0.19.0 behaves: one home of it, for the check and for the search.

`checks/` says what Katib lets through and then hangs on; the other modules are what its controller, webhook
and collectors make of an Experiment. Nothing here runs anything, and nothing heavy is imported.
"""
