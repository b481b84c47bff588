"""What a forward pass costs by the number of its nodes, measured while generating, and whether one more node is worth
it.

The rule is goodput, as in SmartSpec (arXiv 2406.14066): a node pays if the tokens that it adds, by expectation, for
the time that it adds are more than the tokens for the time of the pass without it.
"""

from __future__ import annotations

_MEMORY = 0.98
_BELIEF = 200.0
"""How much the slope that is believed at first counts beside what was seen, in squared nodes."""

_OUTLIER = 1.5
"""A pass that took more times what was expected counts as if it took just this: something else happened meanwhile."""


class PassCost:
    """A line through (nodes, seconds) by least squares with fading memory: ``fixed`` + nodes * ``per_node``.

    The first passes of a text have the most guesses and the most that is done once only (masks that are compiled,
    pieces that are tokenised). So the slope is drawn towards that of the line given at first: without it, nodes seemed
    three times as dear as they are, and 7 % more passes were taken.
    """

    def __init__(self, fixed: float = 1.0, per_node: float = 0.02) -> None:
        self.fixed = fixed
        self.per_node = per_node
        self._share = per_node / fixed
        self._weight = self._nodes = self._squares = self._seconds = self._products = 0.0

    def observe(self, nodes: int, seconds: float) -> None:
        """A pass over so many nodes, of all sequences together, took so long, with all that was done for it."""
        if self._weight:
            seconds = min(seconds, _OUTLIER * (self.fixed + self.per_node * nodes))
        self._weight = _MEMORY * self._weight + 1.0
        self._nodes = _MEMORY * self._nodes + nodes
        self._squares = _MEMORY * self._squares + nodes * nodes
        self._seconds = _MEMORY * self._seconds + seconds
        self._products = _MEMORY * self._products + nodes * seconds
        mean, size = self._seconds / self._weight, self._nodes / self._weight
        believed = mean * self._share / (1.0 + self._share * size)
        covariance = self._products - size * self._seconds + _BELIEF * believed
        slope = covariance / (self._squares - size * self._nodes + _BELIEF)
        self.per_node = min(max(slope, 1e-3 * mean), mean / size)
        self.fixed = max(mean - self.per_node * size, 0.0)

    def pays(self, probability: float, expected: float, nodes: int, sequences: int) -> bool:
        """Is a node that is reached with ``probability`` worth its time?

        ``expected``: tokens that the tree yields without it; ``nodes``: of the tree so far; ``sequences``: how many
        grow such a tree for the same pass.
        """
        seconds = self.fixed + self.per_node * nodes * sequences
        return probability * seconds > expected * self.per_node * sequences


class FreeNodes:
    """Stands in for a cost where all guesses are to be tried."""

    def observe(self, nodes: int, seconds: float) -> None:
        pass

    def pays(self, probability: float, expected: float, nodes: int, sequences: int) -> bool:
        return True
