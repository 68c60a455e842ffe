"""Data: repositories, commits, classes, samples, what was found, what changed between two commits."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from pylib.data.browsing import (
    ItemChange,
    changes,
    chosen,
    classes,
    found_commit,
    index_of,
    page_of,
    said,
    splits,
)
from pylib.data.dataset import SPLITS, DatasetIndex, Item
from pylib.data.findings import Finding
from pylib.data.report import Report, read_report
from pylib.data.thumbnails import SIDE
from pylib.errors import NotFoundError, PylibError, one_line
from pylib.store import forgotten
from pylib.store.descriptions import said_of
from pylib.store.opening import open_store
from pylib.store.protocol import Commit
from pylib.web.item_pictures import LARGE, item_picture, picture
from pylib.web.page import Asked, page, render

COMMITS = 20
"""On a page of a repository's history."""
_FINDINGS = 50
_KINDS = ("", "rejected", "kept")


def number(text: str | None) -> int:
    """A page's number as a query has it; the first where it is none."""
    return int(text[:9]) if text and text[:9].isdecimal() else 1


def _repositories(asked: Asked) -> Response:
    store = open_store(asked.site.settings.store)
    try:
        names = store.list_repositories()
    except NotFoundError:  # nobody has committed anything yet
        names = []
    shown = page_of(names, number(asked.query.get("page")), COMMITS)
    rows = [_repository(asked, name) for name in shown.elements]
    return render(asked, "data.html.j2", rows=rows, page=shown)


def _repository(asked: Asked, name: str) -> dict[str, Any]:
    url = asked.site.settings.store
    try:
        head = open_store(url).head(name)
        index = index_of(url, head)
    except PylibError as error:
        return {"name": name, "error": one_line(error)}
    return {"name": name, "head": head, "items": len(index.items) if index else None, "index": index}


def _commits(asked: Asked) -> Response:
    name, branch = asked.path["repository"], asked.query.get("branch") or "master"
    store = open_store(asked.site.settings.store)
    wanted = max(1, number(asked.query.get("page")))
    head = found_commit(asked.site.settings.store, name, branch)
    found = store.log(name, branch, limit=wanted * COMMITS + 1)
    commits = found[(wanted - 1) * COMMITS : wanted * COMMITS]
    rows = [(commit, said_of(commit.description)) for commit in commits]
    return render(
        asked, "data_commits.html.j2", name=name, branch=branch, head=head, rows=rows, number=wanted,
        more=len(found) > wanted * COMMITS, **_found(asked, name),
    )  # fmt: skip


def _found(asked: Asked, name: str) -> dict[str, Any]:
    """What the newest ingest, or commit of a review, found, a page at a time, the rejected first."""
    of = "review" if asked.query.get("of") == "review" else "ingest"
    report = _report(asked, name, of)
    kind = asked.query.get("findings", "")
    wanted = [each for each in report.findings if kind != "kept" or not each.rejected] if report else []
    wanted = [each for each in wanted if kind != "rejected" or each.rejected]
    ordered: Sequence[Finding] = sorted(wanted, key=lambda each: not each.rejected)
    shown = page_of(ordered, number(asked.query.get("found")), _FINDINGS)
    reviewed = _report(asked, name, "review") is not None
    return {"report": report, "findings": shown, "kind": kind if kind in _KINDS else "", "of": of,
            "reviewed": reviewed}  # fmt: skip


def _report(asked: Asked, name: str, of: str) -> Report | None:
    """The newest report of `ingest` or `review` into a repository, which `found_commit` has found."""
    output = asked.site.settings.output
    there = read_report(output / "reports" / of / name)
    if there or of == "review":
        return there
    of_the_story = read_report(output / "data-report")  # where run_e2e.sh puts it
    return of_the_story if of_the_story and of_the_story.name == name else None


def _commit(asked: Asked) -> Response:
    name = asked.path["repository"]
    commit, index = _opened(asked, name, asked.path["revision"])
    values: dict[str, Any] = {"name": name, "commit": commit, "words": said_of(commit.description)}
    if index is None:
        files = page_of(open_store(asked.site.settings.store).ls(commit), number(asked.query.get("page")))
        return render(asked, "data_files.html.j2", files=files, **values)
    wanted = {key: asked.query.get(key, "") for key in ("label", "split", "text")}
    items = page_of(chosen(index, **wanted), number(asked.query.get("page")))
    return render(
        asked, "data_commit.html.j2", index=index, classes=classes(index), splits=splits(index),
        split_names=SPLITS, items=items, wanted=wanted, said=lambda item: said(item, index.classes),
        picture=lambda item: _address(asked, commit, item), **values,
    )  # fmt: skip


def _item(asked: Asked) -> Response:
    name = asked.path["repository"]
    commit, index = _opened(asked, name, asked.path["revision"])
    item = next((each for each in index.items if each.id == asked.query.get("id")), None) if index else None
    if index is None or item is None:
        raise NotFoundError(f"no item {asked.query.get('id', '')[:80]!r} in {commit.ref}")
    legend = [(place, index.classes[key]) for place, key in enumerate(sorted(index.classes))]
    return render(
        asked, "data_item.html.j2", name=name, commit=commit, item=item, legend=legend,
        said=said(item, index.classes), picture=_address(asked, commit, item, large=True),
        forgotten=forgotten.find(open_store(asked.site.settings.store), item.image_sha256),
    )  # fmt: skip


def _changes(asked: Asked) -> Response:
    name = asked.path["repository"]
    old, before = _opened(asked, name, asked.query.get("old", ""))
    new, after = _opened(asked, name, asked.query.get("new") or "master")
    found = _changed(asked.site.settings.store, name, old.id, new.id) if before or after else []
    counts = {kind: sum(each.kind == kind for each in found) for kind in ("added", "removed", "changed")}
    files = [] if before or after else open_store(asked.site.settings.store).diff(old, new)
    return render(
        asked, "data_changes.html.j2", name=name, old=old, new=new, counts=counts,
        page=page_of(found, number(asked.query.get("page"))),
        files=page_of(files, number(asked.query.get("page"))),
        before=lambda each: said(each.old, before.classes) if before else "",
        after=lambda each: said(each.new, after.classes) if after else "",
        picture=lambda item, commit: _address(asked, commit, item),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _changed(store: str, repository: str, old: str, new: str) -> list[ItemChange]:
    before, after = (index_of(store, found_commit(store, repository, each)) for each in (old, new))
    return changes(before, after)


def _picture(asked: Asked) -> Response:
    side = LARGE if asked.query.get("large") else SIDE
    place = asked.path["repository"], asked.path["commit"], asked.query.get("id", "")
    shown = picture(item_picture(asked.site.settings.store, *place, side))
    if asked.request.headers.get("If-None-Match") == shown.headers["ETag"]:
        kept = ("ETag", "Cache-Control", "Content-Security-Policy")
        return Response(status_code=304, headers={name: shown.headers[name] for name in kept})
    return shown


def _opened(asked: Asked, repository: str, revision: str) -> tuple[Commit, DatasetIndex | None]:
    url = asked.site.settings.store
    commit = found_commit(url, repository, revision)
    return commit, index_of(url, commit)


def _address(asked: Asked, commit: Commit, item: Item, *, large: bool = False) -> str:
    """Where an item's picture is, by the commit's id, which never changes."""
    of = f"/data/{commit.repository}/picture/{commit.id}?id={quote(item.id, safe='')}"
    return asked.at(of + ("&large=1" if large else ""))


routes = [
    page("/data", _repositories),
    page("/data/{repository}", _commits),
    page("/data/{repository}/changes", _changes),
    page("/data/{repository}/at/{revision}", _commit),
    page("/data/{repository}/item/{revision}", _item),
    page("/data/{repository}/picture/{commit}", _picture),
]
