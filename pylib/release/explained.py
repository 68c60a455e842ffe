"""An explanation with its images checked against their data commit, and with who serves the model."""

from contextlib import suppress

from pylib.data.dataset import INDEX_FILE, DatasetIndex
from pylib.errors import NotFoundError, ReleaseError, StoreError
from pylib.provenance.explain import Explanation, check_images
from pylib.release.git import Git
from pylib.release.history import canary_since, champion_since
from pylib.release.models import models
from pylib.release.release import released
from pylib.settings import Settings
from pylib.store.forgotten import forgotten
from pylib.store.opening import open_store
from pylib.store.protocol import CommitRef


def check_data(explanation: Explanation, store: str) -> StoreError | None:
    """Compare the training images with their data commit, or note why not; return why the store failed."""
    if explanation.data is None:
        explanation.unchecked = "no data commit is in the record"
        return None
    try:
        known = {digest: str(each) for digest, each in forgotten(open_store(store)).items()}
        check_images(explanation, _digests(explanation, store), known)
    except NotFoundError:
        explanation.unchecked = "their data commit is not in this store"
    except StoreError as error:
        explanation.unchecked = str(error)
        return error
    return None


def serving(digest: str, place: Settings) -> tuple[str, str] | None:
    """The commit that brought this model to be served, and as what: a name, or `canary of` it.

    Not a later one that left it where it is, as one that took a canary away. None where none serves it.
    """
    repository, git = place.release_repository, Git(place.release_repository)
    for name in models(git) if (repository / ".git").exists() else []:
        with suppress(ReleaseError):  # nothing is released under that name yet
            served = released(repository, name)
            if served.digest == digest:
                brought, what = champion_since(git, name), name
            elif served.canary and served.canary.values.digest == digest:
                brought, what = canary_since(git, name), f"{served.canary.name} of {name}"
            else:
                continue
            return brought.commit if brought else served.commit, what
    return None


def _digests(explanation: Explanation, store: str) -> dict[str, str | None]:
    """SHA-256 by id of all images in the data commit, or of the table by path, asked for at once."""
    opened, commit = open_store(store), CommitRef.parse(explanation.data or "")
    if explanation.kind == "table":
        return opened.digests(commit, [table.id for table in explanation.images])
    index = DatasetIndex.loads(opened.read(commit, INDEX_FILE))
    found = opened.digests(commit, [item.image for item in index.items])
    return {item.id: found[item.image] for item in index.items}
