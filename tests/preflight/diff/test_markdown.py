"""The comment on a pull request: it fits, dangers come first, and nobody else's markup is in it."""

from collections.abc import Callable, Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from preflight.diff.compare import compare
from preflight.diff.dangers import dangers
from preflight.diff.markdown import MARKER, MOST, escape, markdown
from preflight.render.cluster import Render, Unchecked

GITHUB = 65_536
FENCE = "`````"
RenderOf = Callable[..., Render]


def config_map(name: str, text: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"},
        "data": {"a": text},
    }


def crowd(render_of: RenderOf, text: str, applications: int, objects: int, unchecked: int = 0) -> Render:
    """Many applications, each with a workload that changes and a lot of configuration."""
    made = [
        render_of(
            yaml.safe_dump_all(
                [
                    *(config_map(f"map-{number}", text) for number in range(objects)),
                    {
                        "apiVersion": "v1",
                        "kind": "Namespace",
                        "metadata": {"name": f"{name}-{len(text) % 2}"},
                    },
                ]
            ),
            application_name=name,
        )
        for name in (f"application-{number}" for number in range(applications))
    ]
    return Render(
        "local",
        made[0].tree,
        {name: each for one in made for name, each in one.applications.items()},
        [each for one in made for each in one.resources],
        [Unchecked(f"missing-{number}", "a reason " * 20) for number in range(unchecked)],
    )


def comment(before: Render, after: Render) -> str:
    difference = compare(before, after)
    return markdown([(difference, dangers(difference))], "base → head")


@pytest.mark.parametrize(
    ("applications", "objects", "unchecked"),
    [(1, 1, 0), (3, 200, 2), (300, 3, 0), (20, 30, 900)],
)
def test_a_comment_fits_with_its_dangers_first(
    render_of: RenderOf, applications: int, objects: int, unchecked: int
) -> None:
    text = comment(
        crowd(render_of, "word\n" * 9, applications, objects, unchecked),
        crowd(render_of, "other\n" * 12, applications, objects),
    )
    assert len(text) <= MOST < GITHUB
    assert text.startswith(MARKER)
    assert "namespace-removed" in text
    assert "not compared" in text or not unchecked
    if "<details>" in text:
        assert text.index("namespace-removed") < text.index("<details>")
    assert text.count("<details>") == text.count("</details>")
    assert ("applications more do not fit here" in text) == (text.count("<details>") < applications)


def outside_of_code(text: str, fence: str) -> Iterator[str]:
    return (part for number, part in enumerate(text.split(fence)) if number % 2 == 0)


def test_what_people_wrote_stays_inside_its_fence(render_of: RenderOf) -> None:
    evil = "````\n</details> @everyone <img src=x> ![a](https://example.org)\n"
    text = comment(crowd(render_of, "a\n", 1, 1), crowd(render_of, evil, 1, 1))
    assert text.count(FENCE) == 2
    outside = "".join(outside_of_code(text, FENCE))
    assert "everyone" not in outside
    assert outside.count("</details>") == 1


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text: str) -> None:
    shown = escape(text)
    assert "\n" not in shown
    assert not any(
        shown[position] in "`<>|[]*_" and not shown[:position].endswith("\\")
        for position in range(len(shown))
    )
    assert "@" not in shown.replace("@\u200b", "")
