"""Work that waits for other work, and the most that all of it can ask for at one moment."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from preflight.admission.amounts import Amounts, largest
from preflight.admission.made import Cost, Made


@dataclass(frozen=True)
class Work:
    """A task: pods one after another, or a graph of its own, so many times at once."""

    pods: tuple[Made, ...]
    inner: "Graph | None" = None
    times: int = 1

    def every(self) -> list[Made]:
        """All its pods, each once."""
        return [*self.pods, *(self.inner.every() if self.inner else [])]

    def total(self) -> int:
        """How many pods it makes."""
        return len(self.pods) + self.times * (self.inner.total() if self.inner else 0)

    def peak(self, cost: Cost) -> Amounts:
        """The most at one moment, of each resource by itself."""
        inside = self.inner.peak(cost) if self.inner else {}
        return largest(*map(cost, self.pods), {name: self.times * value for name, value in inside.items()})


@dataclass(frozen=True)
class Graph:
    """Tasks by name, and which each waits for; `exclusive`: only one of them is ever run."""

    works: dict[str, Work]
    after: dict[str, set[str]] = field(default_factory=dict)
    exclusive: bool = False

    def every(self) -> list[Made]:
        """All its pods, each once."""
        return [pod for work in self.works.values() for pod in work.every()]

    def total(self) -> int:
        """How many pods it makes at most."""
        totals = [work.total() for work in self.works.values()]
        return max(totals, default=0) if self.exclusive else sum(totals)

    def peak(self, cost: Cost) -> Amounts:
        """The most at one moment, of each resource by itself."""
        peaks = {name: work.peak(cost) for name, work in self.works.items()}
        if self.exclusive:
            return largest(*peaks.values())
        names = {name for each in peaks.values() for name in each}
        return {
            name: self._heaviest({k: v.get(name, Decimal(0)) for k, v in peaks.items()}) for name in names
        }

    def _heaviest(self, weights: dict[str, Decimal]) -> Decimal:
        """The heaviest set of tasks of which none waits for another."""
        known: dict[frozenset[str], Decimal] = {}

        def best(left: frozenset[str]) -> Decimal:
            if not left:
                return Decimal(0)
            if left not in known:
                task = min(left)
                free = left - self._before[task] - {task}
                free = frozenset(each for each in free if task not in self._before[each])
                taken = weights[task] + best(free)
                alone = free == left - {task}
                known[left] = taken if alone else max(taken, best(left - {task}))
            return known[left]

        return best(frozenset(weights))

    @cached_property
    def _before(self) -> dict[str, set[str]]:
        """What each task waits for, directly or not."""
        found: dict[str, set[str]] = {}

        def before(name: str) -> set[str]:
            if name not in found:
                found[name] = set()  # a circle, which no compiler makes, ends here
                direct = self.after.get(name, set()) & self.works.keys()
                found[name] = direct.union(*map(before, direct))
            return found[name]

        for name in self.works:
            before(name)
        return found
