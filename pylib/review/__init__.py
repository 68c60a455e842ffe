"""The review of what people send back: the queue, decisions, checks, and the data commit that they become."""
