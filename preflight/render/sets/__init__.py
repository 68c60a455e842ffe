"""ApplicationSets evaluated as Argo CD's controller does it: generators, templates, and what they make."""
