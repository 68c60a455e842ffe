"""What one field of a rule lets through, and whether that is within what another rule's does."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Text:
    """A value as Istio matches it: exact, `prefix*`, `*suffix`, or `*` for any that is there."""

    pattern: str

    def __str__(self) -> str:
        """As it is written."""
        return self.pattern

    def within(self, other: "Pattern") -> bool:
        """Whether all that it matches is matched by the other."""
        if isinstance(other, Except):
            return "*" not in self.pattern and not any(self.within(Text(each)) for each in other.patterns)
        if not isinstance(other, Text):
            return False
        if other.pattern.endswith("*"):
            return self.pattern.startswith(other.pattern[:-1])
        if other.pattern.startswith("*"):
            return self.pattern.endswith(other.pattern[1:])
        return self.pattern == other.pattern

    def apart(self, other: "Pattern") -> bool:
        """Whether nothing can be matched by both, as far as that is seen."""
        if isinstance(other, Except):
            return any(self.within(Text(each)) for each in other.patterns)
        plain = isinstance(other, Text) and "*" not in self.pattern + other.pattern
        return plain and self != other


@dataclass(frozen=True)
class Except:
    """Any value but those that match."""

    patterns: frozenset[str]

    def __str__(self) -> str:
        """What is left out."""
        return f"other than {', '.join(sorted(self.patterns))}"

    def within(self, other: "Pattern") -> bool:
        """Whether the other leaves out nothing that it does not leave out."""
        return isinstance(other, Except) and all(
            any(Text(each).within(Text(mine)) for mine in self.patterns) for each in other.patterns
        )

    def apart(self, other: "Pattern") -> bool:
        """Whether the other matches nothing else than what is left out."""
        return isinstance(other, Text) and other.apart(self)


@dataclass(frozen=True)
class Labels:
    """A label selector, as requirements that must all hold: key, operator, values."""

    requirements: frozenset[tuple[str, str, frozenset[str]]]

    def __str__(self) -> str:
        """The requirements, in order."""
        told = sorted(
            (key, operator, ",".join(sorted(values))) for key, operator, values in self.requirements
        )
        return " and ".join(" ".join(each).strip() for each in told) or "any"

    def within(self, other: "Pattern") -> bool:
        """Whether each requirement of the other follows from one of its own."""
        return isinstance(other, Labels) and all(
            any(_implies(mine, theirs) for mine in self.requirements) for theirs in other.requirements
        )

    def apart(self, other: "Pattern") -> bool:
        """Whether both ask one key for values that have nothing in common."""
        return isinstance(other, Labels) and any(
            mine[:2] == theirs[:2] and mine[1] == "In" and not mine[2] & theirs[2]
            for mine in self.requirements
            for theirs in other.requirements
        )


@dataclass(frozen=True)
class Block:
    """A block of addresses without some parts of it."""

    network: Network
    without: frozenset[Network]

    def __str__(self) -> str:
        """The block, and what is not of it."""
        return str(self.network) + (f" without {', '.join(map(str, self.without))}" if self.without else "")

    def within(self, other: "Pattern") -> bool:
        """Whether the other holds all its addresses."""
        if not isinstance(other, Block) or not _inside(self.network, other.network):
            return False
        return all(
            any(_inside(hole, mine) for mine in self.without) or not _meet(hole, self.network)
            for hole in other.without
        )

    def apart(self, other: "Pattern") -> bool:
        """Whether they share no address; a block and pods are never said to."""
        return isinstance(other, Block) and not _meet(self.network, other.network)


@dataclass(frozen=True)
class Ports:
    """Ports from the first to the last, or one by its name, of a protocol."""

    protocol: str
    first: int | str
    last: int | str

    def __str__(self) -> str:
        """Protocol and numbers."""
        span = (
            ""
            if self.first == 0
            else f" {self.first}"
            if self.first == self.last
            else f" {self.first} to {self.last}"
        )
        return f"{self.protocol}{span}"

    def within(self, other: "Pattern") -> bool:
        """Whether the other has all of them."""
        if not isinstance(other, Ports) or other.protocol != self.protocol:
            return False
        if other.first == 0:  # all of the protocol
            return True
        numbers = (self.first, self.last, other.first, other.last)
        if all(isinstance(each, int) for each in numbers):
            mine, theirs = (
                range(int(self.first), int(self.last) + 1),
                range(int(other.first), int(other.last) + 1),
            )
            return mine[0] in theirs and mine[-1] in theirs
        return self == other

    def apart(self, other: "Pattern") -> bool:
        """Whether they share none; a name may stand for any number."""
        if not isinstance(other, Ports) or self.protocol != other.protocol:
            return isinstance(other, Ports)
        numbers = (self.first, self.last, other.first, other.last)
        if 0 in numbers or not all(isinstance(each, int) for each in numbers):
            return False
        return int(self.last) < int(other.first) or int(other.last) < int(self.first)


Pattern = Text | Except | Labels | Block | Ports


def block(cidr: str, without: list[str]) -> Block:
    """A block as a NetworkPolicy writes it."""
    return Block(
        ip_network(cidr, strict=False), frozenset(ip_network(each, strict=False) for each in without)
    )


def _implies(mine: tuple[str, str, frozenset[str]], theirs: tuple[str, str, frozenset[str]]) -> bool:
    if mine[0] != theirs[0]:
        return False
    following = {
        ("In", "In"): mine[2] <= theirs[2],
        ("In", "NotIn"): not mine[2] & theirs[2],
        ("NotIn", "NotIn"): theirs[2] <= mine[2],
        ("In", "Exists"): True,
        ("Exists", "Exists"): True,
        ("DoesNotExist", "DoesNotExist"): True,
        ("DoesNotExist", "NotIn"): True,
    }
    return following.get((mine[1], theirs[1]), False)


def _inside(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def _meet(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
