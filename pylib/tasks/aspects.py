"""What the modules of a task have, a Protocol a module; see pylib.tasks.task.

For the type checker: no module imports this one when it runs, because it names what is above them.
"""

from pylib.tasks.data_aspects import Checks, Classes, LayoutReader, Records, Sample
from pylib.tasks.judging_aspects import Accumulator, Answer, Judgement
from pylib.tasks.learning_aspects import Features, Heads, Network, Objective

__all__ = [
    "Accumulator",
    "Answer",
    "Checks",
    "Classes",
    "Features",
    "Heads",
    "Judgement",
    "LayoutReader",
    "Network",
    "Objective",
    "Records",
    "Sample",
]
