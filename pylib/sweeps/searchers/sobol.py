"""Sobol's sequence: points that fill the space evenly, the same for every search."""

from katib.experiment import Experiment
from katib.values import Assignments, placed


class Sobol:
    """The sequence of https://doi.org/10.1016/0041-5553(67)90144-9 as SciPy has it, from its second point on.

    Its first is the corner where every parameter is least.
    """

    def __init__(self, experiment: Experiment) -> None:
        from scipy.stats.qmc import Sobol as Sequence

        self.parameters = experiment.parameters
        self.sequence = Sequence(len(self.parameters), scramble=False).fast_forward(1)
        self.exhausted = False

    def ask(self) -> Assignments | None:
        """The next point."""
        return {
            each.name: placed(each, float(share))
            for each, share in zip(self.parameters, self.sequence.random(1)[0], strict=True)
        }

    def tell(self, trial: int, value: float | None) -> None:
        """The sequence learns nothing."""
