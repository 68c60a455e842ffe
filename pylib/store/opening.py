"""The store that a URL names."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from pylib.errors import StoreError
from pylib.store.protocol import Store


def open_store(url: str) -> Store:
    """Return the store that the URL names.

    `file:///folder` or a plain path: a `LocalStore`. `s3://bucket/prefix`: a `BucketStore`, whose server and
    keys are those of the AWS_* variables. `pachyderm`: the pachd that PACHD_ADDRESS names.
    `pachd://host:port` (or grpc://, grpcs://): that pachd, with TLS for grpcs.
    """
    scheme = urlsplit(url).scheme
    if url == "pachyderm" or scheme in {"pachd", "grpc", "grpcs"}:
        from pylib.store.pachyderm import PachydermStore  # brings in gRPC

        return PachydermStore.from_url(url)
    if scheme == "s3":
        from pylib.store.bucket import BucketStore

        return BucketStore(url)
    if scheme not in {"", "file"}:
        raise StoreError(
            f"{url}: no store of this kind; use a folder, file:///folder, s3://bucket/prefix, pachyderm or "
            "pachd://host:port"
        )
    from pylib.store.local import LocalStore

    return LocalStore(Path(unquote(urlsplit(url).path) if scheme else url))
