"""Images that are held for a while."""

import hashlib

import pytest

from pylib.errors import NotFoundError
from pylib.web import image_cache
from pylib.web.image_cache import Held


def test_what_was_put_comes_back_by_its_digest(tmp_path):
    assert Held(tmp_path / "held").put(b"image") == hashlib.sha256(b"image").hexdigest()
    assert Held(tmp_path / "held").get(hashlib.sha256(b"image").hexdigest()) == b"image"


@pytest.mark.parametrize("name", ["", "..", "../outside", "0" * 64, "A" * 64])
def test_a_name_is_never_a_path(tmp_path, name):
    (tmp_path / "outside").write_bytes(b"secret")
    with pytest.raises(NotFoundError):
        Held(tmp_path / "held").get(name)


def test_the_oldest_make_room(tmp_path):
    place = Held(tmp_path)
    digests = [place.put(str(number).encode()) for number in range(image_cache._KEPT + 5)]
    assert len(list(tmp_path.iterdir())) == image_cache._KEPT
    assert place.get(digests[-1])
