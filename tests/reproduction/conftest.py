"""Made-up models in a repository of releases, as the tests of `release` have them."""

from tests.release.conftest import bare_machine, commit_all, judged, promote, source

__all__ = ["bare_machine", "commit_all", "judged", "promote", "source"]
