import json

import pytest

from pylib.errors import ProvenanceError
from pylib.steps.prepare import ingest_records


def test_a_commit_made_by_hand_has_no_record_of_its_ingest():
    assert ingest_records("by hand", "x@y") == []


@pytest.mark.parametrize("description", ["{", json.dumps({"_type": "something else"})])
def test_a_damaged_record_is_said_in_one_line(description):
    with pytest.raises(ProvenanceError) as error:
        ingest_records(description, "x@y")
    assert "\n" not in str(error.value)
