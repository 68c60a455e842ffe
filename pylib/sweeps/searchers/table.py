"""Which algorithm is offered here, by Katib's name, and what is said of one."""

from katib.experiment import Experiment
from katib.suggest import did_you_mean
from pylib.errors import SweepError
from pylib.sweeps.searchers.protocol import Searcher

NOT_OFFERED = {
    "pbt": "population based training moves checkpoints between trials",
    "darts": "it searches architectures, not parameters",
    "enas": "it searches architectures, not parameters",
}
OFFERED = ("bayesianoptimization", "cmaes", "grid", "hyperband", "multivariate-tpe", "random", "sobol", "tpe")


def searcher(experiment: Experiment) -> Searcher:
    """The algorithm of an Experiment, with its settings; raises SweepError where there is none such."""
    name = experiment.algorithm
    settings = {str(each.get("name")): str(each.get("value")) for each in experiment.settings}
    check(experiment, settings)
    if name == "grid":
        from pylib.sweeps.searchers.grid import Grid

        return Grid(experiment, int(settings.get("random_state", "0")))
    if name == "sobol":
        from pylib.sweeps.searchers.sobol import Sobol

        return Sobol(experiment)
    if name == "bayesianoptimization":
        from pylib.sweeps.searchers.gaussian import Gaussian

        return Gaussian(experiment, settings)
    if name == "hyperband":
        from pylib.sweeps.searchers.hyperband import Hyperband

        return Hyperband(experiment, settings)
    from pylib.sweeps.searchers.optuna_searcher import SAMPLERS, OptunaSearcher

    return OptunaSearcher(experiment, SAMPLERS[name](settings))


def check(experiment: Experiment, settings: dict[str, str]) -> None:
    """Refuse what is not offered here, by its name."""
    name = experiment.algorithm
    if name in NOT_OFFERED:
        raise SweepError(f"algorithm {name} is not offered here ({NOT_OFFERED[name]}); use --cluster")
    if name not in OFFERED:
        raise SweepError(f"there is no algorithm {name}{did_you_mean(name, OFFERED)}")
    restarts = settings.get("restart_strategy", "none")
    if name == "cmaes" and restarts != "none":
        raise SweepError(f"algorithm cmaes: restart_strategy {restarts} is not offered here; write none")
    for each in experiment.parameters:
        if each.distribution in {"normal", "logNormal"}:
            raise SweepError(
                f"parameter {each.name}: distribution {each.distribution} is not offered here; "
                "write uniform or logUniform"
            )
