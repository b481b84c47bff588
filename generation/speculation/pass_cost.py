"""What a forward pass costs by the number of its nodes, measured while generating, and whether one more node is worth
it.

The rule is goodput, as in SmartSpec (arXiv 2406.14066): a node pays if the tokens that it adds, by expectation, for
the time that it adds are more than the tokens for the time of the pass without it.
"""

from __future__ import annotations

_MEMORY = 0.98


class PassCost:
    """A line through (nodes, seconds) by least squares with fading memory: ``fixed`` + nodes * ``per_node``."""

    def __init__(self, fixed: float = 1.0, per_node: float = 0.02) -> None:
        self.fixed = fixed
        self.per_node = per_node
        self._weight = self._nodes = self._squares = self._seconds = self._products = 0.0

    def observe(self, nodes: int, seconds: float) -> None:
        """A pass over so many nodes, of all sequences together, took so long."""
        for name, value in (
            ("_weight", 1.0),
            ("_nodes", nodes),
            ("_squares", nodes * nodes),
            ("_seconds", seconds),
            ("_products", nodes * seconds),
        ):
            setattr(self, name, _MEMORY * getattr(self, name) + value)
        spread = self._weight * self._squares - self._nodes**2
        mean = self._seconds / self._weight
        slope = 0.0
        if spread > 1e-6 * self._squares:
            slope = (self._weight * self._products - self._nodes * self._seconds) / spread
        self.per_node = min(max(slope, 1e-3 * mean), mean * self._weight / self._nodes)
        self.fixed = max(mean - self.per_node * self._nodes / self._weight, 0.0)

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
