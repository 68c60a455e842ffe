"""Who may reach whom by the policies of a render: a model that is small, and errs towards telling."""
