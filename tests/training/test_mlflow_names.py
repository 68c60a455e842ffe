"""Names for MLflow: whatever a class is called, MLflow takes its name, and no two become one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils import validation

from pylib.training.mlflow_names import LONGEST, legal

NAMES = st.one_of(st.text(max_size=300), st.text(alphabet="ab.-/ :(_", max_size=12))


@given(NAMES)
@example("")
@example("a\n")
@example("\ud800")
@example("x" * 500)
def test_mlflow_takes_every_name(name):
    validation._validate_metric_name(legal(name))
    validation._validate_param_name(legal(name))
    validation._validate_tag_name("metric_name." + legal(name))
    assert len(legal(name)) <= LONGEST


@given(st.lists(NAMES, min_size=2, max_size=20, unique=True))
@example(["cat (domestic)", "cat [domestic]", legal("cat (domestic)"), legal(legal("cat (domestic)"))])
def test_no_two_names_become_one(names):
    assert len({legal(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["loss", "iou_cat", "iou_ä", "iou_a/b", "iou_a b", "iou_a-b.c", "iou_犬"])
def test_a_name_that_mlflow_takes_stays(name):
    assert legal(name) == name


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("iou_cat (domestic)", "iou_cat domestic-"),
        ("iou_a:b", "iou_a b-"),
        ("iou_#1", "iou_ 1-"),
        ("iou_a//b", "iou_a/b-"),
        ("../a", "a-"),
        ("???", "-"),
    ],
)
def test_what_can_be_read_of_a_name_is_kept(name, begins):
    assert legal(name).startswith(begins)
    assert len(legal(name)) == len(begins) + 8
