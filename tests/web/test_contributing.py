"""Many labelled pictures at once: each is taken, or it is said why not."""

import pytest

from tests.web.browsing import visitor
from tests.web.served import mask, picture

pytestmark = pytest.mark.slow


def files(**contents):
    return [
        {"name": name.replace("_", "."), "mimeType": "image/png", "buffer": data}
        for name, data in contents.items()
    ]


def taken(person):
    person.page.get_by_text("taken into").wait_for()
    rows = person.page.locator("tbody tr").all()
    return {row.locator("th").text_content(): row.locator("td").text_content() for row in rows}


def test_pictures_of_one_class(browser, site, inbox):
    with visitor(browser, site) as person:
        person.open("/contribute?data=shades").get_by_label("Where they are from").fill("window-camera")
        sent = files(a_png=picture(3), b_png=b"no picture", c_png=picture(3), d_jpg=picture(4, form="JPEG"))
        person.page.locator("#images").set_input_files(sent)
        person.page.get_by_label("dark").check()
        person.page.get_by_role("button", name="Send").click()
        assert taken(person) == {
            "a.png": "taken",
            "d.jpg": "taken",
            "c.png": "not taken: the same picture as a.png",
            "b.png": "not taken: not an image of a kind that is read here (bmp, gif, jpg, png, tif, webp)",
        }
        person.looked_at()
    kept = [each for each in inbox.submissions() if each["source"] == "window-camera"]
    assert [each["truth"] for each in kept] == [{"label": "dark"}] * 2
    assert {each["kind"] for each in kept} == {"contribution"}
    assert {inbox.image(each["image_sha256"]) for each in kept} == {sent[0]["buffer"], sent[3]["buffer"]}


def test_a_folder_for_each_class(browser, site, inbox, tmp_path):
    for name, shade in {"dark": 5, "light": 250, "green": 100}.items():
        (tmp_path / "pictures" / name).mkdir(parents=True)
        (tmp_path / "pictures" / name / "1.png").write_bytes(picture(shade))
    with visitor(browser, site) as person:
        person.open("/contribute?data=shades").get_by_label("Where they are from").fill("folders")
        person.page.get_by_label("A folder").set_input_files(tmp_path / "pictures")
        person.page.get_by_role("button", name="Send").click()
        found = taken(person)
    assert sorted(name.split("/")[-2] for name, what in found.items() if what == "taken") == ["dark", "light"]
    assert [what for what in found.values() if what != "taken"] == [
        "not taken: green is no class of shades yet: if it is one, type it as the new class"
    ]
    kept = [each["truth"]["label"] for each in inbox.submissions() if each["source"] == "folders"]
    assert sorted(kept) == ["dark", "light"]


def test_a_new_class_goes_to_review(browser, site, inbox, tmp_path):
    for name, shade in {"dark": 6, "green": 101}.items():
        (tmp_path / "pictures" / name).mkdir(parents=True)
        (tmp_path / "pictures" / name / "1.png").write_bytes(picture(shade))
    with visitor(browser, site) as person:
        page = person.open("/contribute?data=shades")
        page.get_by_label("Where they are from").fill("my meadow")
        rule = page.locator("#source").evaluate("field => [field.validity.patternMismatch, field.title]")
        assert rule[0]
        assert "without blanks" in rule[1]
        page.get_by_label("Where they are from").fill("meadow")
        page.get_by_label("Or a class that is new").fill("green")
        page.locator("#images").set_input_files(files(a_png=picture(102)))
        page.get_by_label("A folder").set_input_files(tmp_path / "pictures")
        page.get_by_role("button", name="Send").click()
        assert sorted(taken(person).values()) == ["taken", *["taken, as the new class green"] * 2]
        page.get_by_label("Or a class that is new").fill("Dark")
        page.locator("#images").set_input_files(files(a_png=picture(103)))
        page.get_by_role("button", name="Send").click()
        assert "writes that class dark" in page.get_by_role("alert").text_content()
        person.complaints.clear()  # the browser says that it was 422
    kept = [each["truth"]["label"] for each in inbox.submissions() if each["source"] == "meadow"]
    assert sorted(kept) == ["dark", "green", "green"]


def test_pictures_with_masks_without_javascript(browser, site, inbox):
    with visitor(browser, site, size="phone", script=False) as person:
        person.open("/contribute?data=spots").get_by_label("Where they are from").fill("Drawn")
        person.page.locator("#images").set_input_files(
            files(a_png=picture(9, 230), b_png=picture(8, 230), c_png=picture(7, side=20))
        )
        person.page.locator("#masks").set_input_files(files(a_png=mask(), c_png=mask()))
        person.page.get_by_role("button", name="Send").click()
        assert taken(person) == {
            "a.png": "taken",
            "b.png": "not taken: no mask of the name b.png came with it",
            "c.png": "not taken: its mask is 32x32 pixels, the picture 20x20",
        }
        result = person.page.locator("tbody td").first.bounding_box()
        assert result["width"] > 300  # it stands below the file's name, not beside it
        assert person.page.locator("caption").bounding_box()["height"] < 50
    assert len([each for each in inbox.submissions() if each["source"] == "drawn"]) == 1
