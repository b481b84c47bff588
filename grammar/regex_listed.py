"""Patterns that only a few texts match, such as ``^name:(en|nl)$``: which these are, read off the syntax.

A text is looked up among them; no automaton has to be made or run.
"""

from __future__ import annotations

from .regex_nodes import Alternation, Chars, Concat, Node, Repeat, TextEnd, TextStart
from .text_dfa import FIRST_SURROGATE, LAST_SURROGATE

MOST_TEXTS = 64


def texts_of(node: Node) -> frozenset[str] | None:
    """The texts in which ``node`` is found; ``None`` if there are more than ``MOST_TEXTS``, or it does not tell."""
    found: set[str] = set()
    for option in node.options if isinstance(node, Alternation) else (node,):
        parts = option.parts if isinstance(option, Concat) else ()
        if len(parts) < 2 or not (isinstance(parts[0], TextStart) and isinstance(parts[-1], TextEnd)):
            return None
        texts = _joined(parts[1:-1])
        if texts is None:
            return None
        found |= texts
    return frozenset(found) if len(found) <= MOST_TEXTS else None


def _texts(node: Node) -> set[str] | None:
    """The texts of a node without assertions, if it is one and these are not too many."""
    match node:
        case Chars(chars):
            if sum(high - low + 1 for low, high in chars) > MOST_TEXTS:
                return None
            points = (point for low, high in chars for point in range(low, high + 1))
            return {chr(point) for point in points if not FIRST_SURROGATE <= point <= LAST_SURROGATE}
        case Concat(parts):
            return _joined(parts)
        case Alternation(options):
            found = [_texts(option) for option in options]
            return None if None in found else set[str]().union(*(texts for texts in found if texts is not None))
        case Repeat(body, low, high) if high <= MOST_TEXTS:
            fewest = _joined((body,) * low)
            optional = _texts(body) if fewest is not None else None
            return None if fewest is None or optional is None else _repeated(fewest, optional, high - low)
    return None


def _joined(parts: tuple[Node, ...]) -> set[str] | None:
    found = {""}
    for part in parts:
        texts = _texts(part)
        if texts is None or len(found) * len(texts) > MOST_TEXTS:
            return None
        found = {before + after for before in found for after in texts}
    return found


def _repeated(texts: set[str], body: set[str], most: int) -> set[str] | None:
    """``texts``, each followed by up to ``most`` of ``body``."""
    found, last = set(texts), texts
    for _ in range(most):
        if len(last) * len(body) > MOST_TEXTS:
            return None
        last = {before + after for before in last for after in body}
        found |= last
        if len(found) > MOST_TEXTS:
            return None
    return found
