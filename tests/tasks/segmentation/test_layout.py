from pathlib import Path

from pylib.data.plan import Options, plan_ingest
from tests.data.made import Folder


def test_the_layout_of_the_oxford_pets_is_read_and_a_top_folder_is_looked_through(
    good: Folder, tmp_path: Path
) -> None:
    annotations = good.root / "annotations"
    (annotations / "xmls").mkdir(parents=True)
    (good.root / "masks").rename(annotations / "trimaps")
    (annotations / "trimaps" / "._item_00.png").write_bytes(b"AppleDouble")
    for number in range(5):
        (annotations / "xmls" / f"item_{number:02}.xml").write_text("<annotation/>")
        (good.root / "images" / f"item_{number:02}.mat").write_bytes(b"MATLAB")
    with plan_ingest(str(good.root.parent), None, Options(), cache=tmp_path / "cache") as plan:
        assert len(plan.index.items) == 40
        assert {(finding.item, finding.code) for finding in plan.findings} == {
            ("annotations/trimaps/._*", "file-ignored"),
            ("annotations/xmls/*.xml", "file-ignored"),
            ("images/*.mat", "file-ignored"),
        }
