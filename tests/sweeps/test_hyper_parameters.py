"""What trials would refuse is said before any of them starts; the sweeps of the repository are taken."""

from pathlib import Path

import pytest

from pylib.errors import SweepError
from pylib.steps.search import search
from pylib.sweeps.hyper_parameters import check
from pylib.sweeps.reading import read

SWEEPS = Path(__file__).parents[2] / "pipelines/sweeps"


@pytest.mark.parametrize("file", sorted(SWEEPS.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_sweep_of_the_repository_is_taken(file: Path) -> None:
    check(read(file, here=False).experiment)


@pytest.mark.parametrize(
    ("sweep", "written", "wrong", "said"),
    [
        ("smoke", "epochs=3", "epoch=3", "no option 'epoch'; did you mean epochs?"),
        ("smoke", "- dropout=$", "- drop_out=$", "no option 'drop_out'; did you mean dropout?"),
        ("smoke", 'max: "0.02"', 'max: "2"', "learning_rate='2': Input should be less than or equal to 1"),
        ("smoke", '"48,32,24,16"', '"48,32"', "at least 4 items"),
        ("smoke", "- segmentation", "- segmentations", "task 'segmentations': there is no such"),
        ("smoke", "--image-size=64", "--imagesize=64", "no option --imagesize; did you mean --image-size?"),
        ("classification", "svm.spread=$", "svm.spred=$", "svm has no parameter spred"),
        ("classification", "- backbone=$", "- backbones=$", "backbones: of a head, give NAME.PARAMETER="),
    ],
)
def test_what_every_trial_would_refuse_is_one_line_and_no_trial_starts(
    sweep: str, written: str, wrong: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYLIB_OUTPUT", str(tmp_path / "out"))
    text = (SWEEPS / f"{sweep}.yaml").read_text()
    assert written in text
    (tmp_path / "sweep.yaml").write_text(text.replace(written, wrong))
    with pytest.raises(SweepError) as error:
        search(tmp_path / "best", experiment=str(tmp_path / "sweep.yaml"), data="")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()
