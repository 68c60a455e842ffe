"""What a source does to a model is measured with it and without it; where it cannot be, that is said."""

import pytest

from pylib.data.ingest import ingest
from pylib.data.plan import Options
from pylib.errors import ReviewError
from pylib.review.effect import effects
from pylib.store.opening import open_store
from tests.data.made import Folder


def test_of_masks_it_says_what_to_run(tmp_path):
    folder, store = Folder(tmp_path / "masks"), open_store((tmp_path / "store").as_uri())
    for number in range(30):
        folder.put(f"item_{number:02}", seed=number)
    made = ingest(str(folder.root), store, "masks", Options(), cache=tmp_path / "cache").commit
    with pytest.raises(ReviewError, match="two trainings: run the pipeline on masks@"):
        effects(store, made, weights="none", artifacts="", folder=tmp_path / "work")
