"""TF_CONFIG as the Training Operator writes it, and as people do."""

import json

import pytest

from pylib.errors import ConfigurationError
from pylib.tf_config import TF_CONFIG, tf_config, worker_count

# Of Training Operator 1.9.4, `genTFConfigJSONStr`.
OPERATORS = (
    '{"cluster":{"chief":["a-chief-0.ml.svc:2222"],"worker":["a-worker-0.ml.svc:2222","a-worker-1.ml.svc:2222"]},'
    '"task":{"type":"worker","index":1},"environment":"cloud"}'
)


def test_without_it_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TF_CONFIG, raising=False)
    assert worker_count() == 1


def test_the_operators_words_are_read_and_written(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = ["a-chief-0.ml.svc:2222", "a-worker-0.ml.svc:2222", "a-worker-1.ml.svc:2222"]
    assert json.loads(tf_config(addresses, 2)) == json.loads(OPERATORS)
    for index in range(3):
        monkeypatch.setenv(TF_CONFIG, tf_config(addresses, index))
        assert worker_count() == 3
    assert json.loads(tf_config(addresses, 0))["task"] == {"type": "chief", "index": 0}


def test_a_chief_by_itself_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TF_CONFIG, tf_config(["a:1"], 0))
    assert worker_count() == 1


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON"),
        ('{"cluster": {"chief": ["a:1"]}}', "no JSON with cluster and task"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": "x"}}', "no JSON"),
        ('{"cluster": {"ps": ["b:1"], "worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}', "ps"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "evaluator", "index": 0}}', "evaluator"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}', "worker 1 is none"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0.5}}', "no JSON"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1e400}}', "no JSON"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": ["worker"], "index": 0}}', "'worker'"),
        ("[" * 100_000, "no JSON"),
        ('{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}', "1: give each"),
        ('{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}', "'a': give each"),
        ('{"cluster": {"worker": "localhost:1"}, "task": {"type": "worker", "index": 0}}', "'l': give each"),
        ('{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}', "of its own"),
        ('{"cluster": {"chief": ["a:1", "b:1"]}, "task": {"type": "chief", "index": 0}}', "two chiefs"),
    ],
)
def test_what_names_no_workers_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, config: str, said: str
) -> None:
    monkeypatch.setenv(TF_CONFIG, config)
    with pytest.raises(ConfigurationError, match=said) as caught:
        worker_count()
    assert str(caught.value).startswith("TF_CONFIG: ")
    assert "\n" not in str(caught.value)
