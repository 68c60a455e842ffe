"""Go's text/template, as ApplicationSets use it: the language, its own functions and the usual ones of Sprig.

There is no library for it in Python. What is not known here raises NotKnownError, and is never guessed. What
Go refuses raises TemplateError. tests/manifests/gotemplate holds what Go itself answers.
"""
