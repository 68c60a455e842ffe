"""Asking, and saying what is right: with a pointer, by keyboard, without JavaScript; all said is kept."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.web.browsing import visitor
from tests.web.served import SHADES, mask, picture

pytestmark = pytest.mark.slow


def file(data, name="mine.png"):
    return {"name": name, "mimeType": "image/png", "buffer": data}


def said(person, inbox):
    """What the inbox has of that which the page gives thanks for."""
    number = person.page.get_by_role("status").filter(has_text="Thank you").locator(".mono").text_content()
    (found,) = [each for each in inbox.submissions() if each["id"].startswith(number)]
    assert found["prediction_id"] in person.page.url
    assert found["by"]
    return found


def test_a_chosen_file_is_asked_about_at_once(browser, site, inbox):
    image = picture(245)
    with visitor(browser, site) as person:
        person.open("/?model=classification").get_by_label("Choose a picture").set_input_files(file(image))
        assert person.page.locator(".verdict").text_content() == "light"
        person.page.get_by_role("radio", name="wrong", exact=True).check()
        person.page.get_by_role("radio", name="light", exact=True).check()
        person.page.get_by_role("button", name="Send").click()
        assert "that is what the model said" in person.page.get_by_role("alert").text_content()
        person.complaints.clear()  # the browser says that it was 422
        person.looked_at()
        person.page.get_by_role("radio", name="wrong", exact=True).check()
        person.page.get_by_role("radio", name="dark", exact=True).check()
        person.page.get_by_label("Anything else").fill("by night")
        person.page.get_by_role("button", name="Send").click()
        person.page.get_by_text("Thank you").wait_for()
        repeated = "You said that the answer is wrong; it is dark: “by night”."
        assert person.page.get_by_text(repeated).is_visible()
        kept = said(person, inbox)
    assert (kept["kind"], kept["truth"], kept["reward"], kept["note"]) == (
        "feedback",
        {"label": "dark"},
        0.0,
        "by night",
    )
    assert (kept["answered"]["label"], kept["task"]) == ("light", "classification")
    assert inbox.image(kept["image_sha256"]) == image


def test_what_is_no_picture_is_said_beside_the_form(browser, site):
    with visitor(browser, site) as person:
        text = {"name": "x.txt", "mimeType": "text/plain", "buffer": b"no picture"}
        person.open("/?model=segmentation").get_by_label("Choose a picture").set_input_files(text)
        assert "This is no picture" in person.page.get_by_role("alert").text_content()
        person.complaints.clear()  # the browser says that it was 422
        person.looked_at()
        person.page.get_by_label("Choose a picture for segmentation").set_input_files(file(picture(245)))
        person.page.get_by_text("What the model sees").wait_for()


def test_a_dropped_and_a_pasted_file(browser, site):
    give = """async (form, how) => {
      const data = await (await fetch(document.querySelector('.samples img').src)).blob();
      const given = new DataTransfer(), can = {bubbles: true, cancelable: true};
      given.items.add(new File([data], 'x.jpg', {type: 'image/jpeg'}));
      const event = how == 'drop' ? new DragEvent('drop', {dataTransfer: given, ...can})
        : new ClipboardEvent('paste', {clipboardData: given, ...can});
      form.querySelector('.drop').dispatchEvent(event);
    }"""
    with visitor(browser, site) as person:
        for how in ("drop", "paste"):
            person.open("/?model=classification").locator("form[data-drop]").evaluate(give, how)
            person.page.get_by_text("How probable each class is").wait_for()


def test_what_it_does_not_know(browser, site):
    with visitor(browser, site) as person:
        person.open("/?model=classification").get_by_label("Choose a picture").set_input_files(
            file(picture(128))
        )
        person.page.get_by_text("I don't know").wait_for()
        person.looked_at()


def test_a_mask_is_painted(browser, site, inbox):
    with visitor(browser, site) as person:
        person.open("/?model=segmentation").get_by_role("button", name="sample 1").click()
        person.page.get_by_label("How much of the answer is seen").fill("80")
        assert person.page.locator("#mask").evaluate("mask => mask.style.opacity") == "0.8"
        person.page.get_by_role("radio", name="wrong", exact=True).check()
        canvas = person.page.locator("[data-ready] canvas")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        person.page.get_by_role("radio", name="spot", exact=True).check()
        person.page.get_by_label("Size of the brush").fill("10")
        for end in (box["width"] - 4, 4):  # the second stroke is taken back
            person.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3)
            person.page.mouse.down()
            person.page.mouse.move(box["x"] + end, box["y"] + box["height"] - 3, steps=4)
            person.page.mouse.up()
        person.page.get_by_role("button", name="Undo").click()
        person.page.get_by_role("button", name="Send").click()
        person.page.get_by_text("Thank you").wait_for()
        painted = truth_mask(said(person, inbox))
    before = np.asarray(Image.open(io.BytesIO(mask())))
    assert painted.shape == before.shape
    assert np.array_equal(painted[:26], before[:26])
    assert painted[31, 28] == 1
    assert painted[31, 2] == 0


def test_a_mask_by_keyboard_alone(browser, site, inbox):
    with visitor(browser, site) as person:
        press = person.page.keyboard.press
        person.open("/?model=segmentation")
        tab_to(person, "Ask about sample 1")
        press("Enter")
        person.page.get_by_text("Is it right?").wait_for()
        tab_to(person, "right")
        press("ArrowDown")
        tab_to(person, "The mask that you paint")
        for key in ("ArrowDown", "ArrowRight", "Space", "Space", "u"):
            press(key)
        tab_to(person, "Send")
        press("Enter")
        person.page.get_by_text("Thank you").wait_for()
        painted = truth_mask(said(person, inbox))
    before = np.asarray(Image.open(io.BytesIO(mask())))
    rows, columns = np.nonzero(painted != before)
    assert set(painted[rows, columns]) == {0}
    assert 16 <= rows.mean() <= 19
    assert 16 <= columns.mean() <= 20


def test_without_javascript(browser, site, inbox):
    with visitor(browser, site, size="phone", script=False) as person:
        person.open("/?model=segmentation").get_by_label("Choose a picture").set_input_files(
            file(picture(10, 240))
        )
        person.page.get_by_role("button", name="Ask", exact=True).click()
        assert not person.page.locator("canvas").is_visible()
        person.page.get_by_role("radio", name="wrong", exact=True).check()
        person.page.get_by_label("Or a mask from a file").set_input_files(file(mask()))
        person.page.get_by_role("button", name="Send").click()
        assert np.array_equal(truth_mask(said(person, inbox)), np.asarray(Image.open(io.BytesIO(mask()))))


def test_right_is_kept_as_what_was_answered(browser, site, inbox):
    with visitor(browser, site, script=False) as person:
        person.open("/?model=classification").get_by_role("button", name="sample 1").click()
        person.page.get_by_role("radio", name="right", exact=True).check()
        person.page.get_by_role("button", name="Send").click()
        kept = said(person, inbox)
    assert kept["reward"] == 1.0
    assert kept["truth"]["label"] == kept["answered"]["label"]
    assert kept["truth"]["label"] in SHADES


def truth_mask(kept):
    import base64

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(kept["truth"]["mask_png"]))))


def tab_to(person, name):
    """Go there with the Tab key alone."""
    named = """e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent
      || e.querySelector('img')?.alt || e.textContent"""
    for _ in range(60):
        person.page.keyboard.press("Tab")
        if person.page.evaluate(f"({named})(document.activeElement)").strip() == name:
            return
    pytest.fail(f"the Tab key does not lead to {name}")
