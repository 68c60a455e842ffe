"""Whether a report is a page that stands alone."""

import re
from html.parser import HTMLParser

from pylib.evaluation.record import Evaluation


def check_page(page: str, evaluation: Evaluation) -> None:
    """It parses, closes what it opens, refers to nothing outside itself and shows what was measured.

    A table is as wide as its words: each scrolls in a box of its own, and the page does not.
    """
    parser = _Tags()
    parser.feed(page)
    assert parser.open == []
    assert not re.search(r"""(?:src|href)=["'](?!data:)|url\(|@import""", page)
    assert page.count("data:image/png;base64,") == 4 * len(evaluation.details["examples"])
    assert {evaluation.model_digest, "not passed"} <= set(re.findall(r"[0-9a-f]{64}|not passed", page))
    assert all(example["id"] in page for example in evaluation.details["examples"])


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.box = ""

    def handle_starttag(self, tag, attributes):
        assert tag != "table" or self.box == "scroll"
        self.box = dict(attributes).get("class", "")
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attributes):
        assert tag in {"circle", "line", "polyline", "rect"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
