"""Small real models with an evaluation that passed, and the store that pods and this machine both reach."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pylib.evaluation.class_metrics import ClassMetrics
from pylib.evaluation.gate import Gate, decide
from pylib.evaluation.record import Evaluation, Measurement
from pylib.provenance.digests import sha256_file
from pylib.release.release import Release, release
from pylib.store.artifacts import ArtifactStore
from tests.on_cluster import serving
from tests.on_cluster.kubectl import Body
from tests.on_cluster.repository import Repository
from tests.serving.conftest import CLASSES, _tiny_model

BUCKET = "models"


@dataclass(frozen=True)
class Store:
    """An S3 store under an address that pods reach too."""

    endpoint: str
    key: str
    secret: str
    region: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Store":
        """As CLUSTER_S3 says: http://KEY:SECRET@HOST:PORT?region=REGION."""
        url = urlsplit(environment.get("CLUSTER_S3", ""))
        if not url.hostname:
            pytest.fail(
                "CLUSTER_S3: name an S3 store that pods reach, http://KEY:SECRET@HOST:PORT", pytrace=False
            )
        region = parse_qs(url.query).get("region", ["us-east-1"])[0]
        endpoint = f"{url.scheme}://{url.hostname}:{url.port or 80}"
        return cls(endpoint, url.username or "", url.password or "", region)

    @property
    def variables(self) -> dict[str, str]:
        """The variables that S3 clients read."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": self.region,
        }

    def secrets_for(self, namespace: str) -> list[Body]:
        """What `preflight secrets` makes for the model server and for steps, of this store."""
        return [
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "stringData": self.variables,
            }
            for name in ("model-store", "step-store")
        ]

    @property
    def url(self) -> str:
        """All of it in one, as CLUSTER_S3 is written."""
        return self.endpoint.replace("://", f"://{self.key}:{self.secret}@") + f"?region={self.region}"

    def make(self, *buckets: str) -> None:
        """Make the buckets that are missing, as the platform's own stores do when they start."""
        there = {bucket["Name"] for bucket in self._client().list_buckets()["Buckets"]}
        for bucket in sorted({*buckets} - there):
            self._client().create_bucket(Bucket=bucket)

    def read(self, path: str) -> bytes:
        """An object, by BUCKET/KEY."""
        bucket, _, key = path.partition("/")
        content: bytes = self._client().get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def open(self) -> ArtifactStore:
        """The bucket of the models, made where it is missing."""
        os.environ.update(self.variables)
        self.make(BUCKET)
        return ArtifactStore(f"s3://{BUCKET}")

    def _client(self) -> Any:
        import boto3  # type: ignore[import-untyped]

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
        )


def make_model(folder: Path, seed: int) -> Path:
    """A model folder and the folder of its evaluation, in one; a seed is a model."""
    (folder / "model").mkdir(parents=True)
    (folder / "model/model.onnx").write_bytes(_tiny_model(seed))
    return _judged(folder)


def make_unet(folder: Path) -> Path:
    """The same of a small U-Net, untrained, as `train` exports one."""
    from pylib.models.unet import build_unet
    from pylib.models.unet_spec import UNetSpec
    from pylib.serving.export import export_onnx

    (folder / "model").mkdir(parents=True)
    spec = UNetSpec(image_size=32, filters=(8, 8, 8, 8), classes=tuple(CLASSES))
    export_onnx(
        build_unet(spec),
        folder / "model/model.onnx",
        task=spec.task,
        classes=CLASSES,
        image_size=spec.image_size,
    )
    return _judged(folder)


def _judged(folder: Path) -> Path:
    model, evaluation = folder / "model", folder / "evaluation"
    evaluation.mkdir()
    scores = ClassMetrics(iou=0.8, f1=0.8, precision=0.8, recall=0.8)
    measured = Measurement(
        task="segmentation",
        model_digest=sha256_file(model / "model.onnx"),
        dataset="sample",
        items=40,
        score="mean_iou",
        metrics={"mean_iou": 0.8, "expected_calibration_error": 0.02},
        parity={"same_class_share": 1.0, "max_probability_difference": 1e-6},
        details={
            "classes": CLASSES,
            "per_class": dict.fromkeys(CLASSES, scores.model_dump()),
            "confusion": [[8, 1, 1], [1, 8, 1], [1, 1, 8]],
            "reliability": [],
            "examples": [],
        },
    )
    verdict = decide(Gate.model_validate({"mean_iou": {"minimum": 0.7}}), measured)
    (evaluation / "evaluation.json").write_bytes(Evaluation(**dict(measured), gate=verdict).dumps())
    return folder


def release_model(made: Path, store: Store, repository: Repository, *, traffic: int | None = None) -> Release:
    """What `pylib release` does: the model into the store, its digest into a commit, which is pushed."""
    done = release(
        made / "model",
        made / "evaluation",
        name=serving.MODEL,
        artifacts=store.open(),
        repository=made / "releases",
        source=repository.origin,
        data_commit="sample@" + "c0ffee" * 5,
        git_commit=repository.head,
        push=True,
        traffic=traffic,
    )
    repository.pull()
    return done
