"""What was accepted and is in no data commit yet, as a source that ingest reads."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pylib.data.dataset import DatasetIndex
from pylib.data.images import true_extension
from pylib.data.layout import Reviewed
from pylib.errors import DamagedError, DataError, NotFoundError
from pylib.review.joining import not_joined, with_what_is_known
from pylib.review.origins import Origin, item_id, origin
from pylib.review.queue import Decision, Queue
from pylib.store.inbox import Submission
from pylib.tasks.task import find


@dataclass
class Batch:
    """Items by id, with their origins; `left_out` has the others: submission to the reason."""

    items: dict[str, Reviewed] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path, index: DatasetIndex) -> None:
        """Write it into a new folder, as the data set's task lays a source out; raises DataError."""
        folder.mkdir(parents=True)
        find(index.task).layout.write_source(folder, self.items, index.legend)


def gather(queue: Queue, decisions: Iterable[Decision], task: str) -> Batch:
    """Bring the accepted submissions of a task together with their images.

    Those of another task are passed over; those that no image can be read of are left out, with the reason.
    """
    batch = Batch()
    for decision in decisions:
        try:
            submission = with_what_is_known(queue.inbox, queue.inbox.submission(decision["id"]))
        except NotFoundError:  # forgotten: nothing is left of it but the decision
            continue
        if submission["task"] != task:
            continue
        try:
            image = _image(queue, submission)
        except (DataError, NotFoundError, DamagedError) as error:
            batch.left_out[decision["id"]] = str(error)
            continue
        item = item_id(submission)
        batch.items[item] = Reviewed(image, decision["truth"] or {})
        batch.origins[item] = origin(submission, decision)
    return batch


def _image(queue: Queue, submission: Submission) -> bytes:
    known = not_joined(queue.inbox, submission["id"])
    if known and not queue.inbox.has_image(submission["image_sha256"]):
        raise DataError(f"the image is unknown: {known['why']}")
    if not submission["image_sha256"]:
        raise DataError(
            "the image is unknown: the client did not send it back, and the log has not brought it"
        )
    image = queue.inbox.image(submission["image_sha256"])
    true_extension(image)
    return image
