"""What the formula of an object's state becomes for one key after another: all keys that its atoms speak of by name.

An index tells which atoms a name concerns, so that the formula is changed above those only. The functions of
``residual`` say the same for one key, slowly.
"""

from __future__ import annotations

from .atoms import Every, Has, NamedKey, OtherKeys, PropertiesAtLeast
from .formula import FALSE, TRUE
from .lowering import Language
from .residual import KeyAtoms, Residual, innermost
from .variants import Variants


class KeyMentions:
    """The pending formulas of ``residual``, the innermost container of which is an object."""

    def __init__(self, language: Language, residual: Residual) -> None:
        self._atoms = KeyAtoms(language, residual)
        self._formulas = language.formulas
        self._by_name: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._current: dict[int, int] = {}
        for variable, atom in innermost(language, residual):
            self._current[variable] = variable
            self._index(variable, atom)
        base = {variable: self._atoms.begun(variable, None) for variable in self._current}
        self._variants = Variants(self._formulas, residual.formula, base)

    def key(self, name: str) -> int:
        """The pending formula after the property ``name`` has begun."""
        return self._variants.with_changes(
            {variable: self._begun(self._current[variable], name) for variable in self._concerned(name)}
        )

    def skip(self, name: str) -> None:
        """From now on the property ``name`` is known never to come."""
        changes: dict[int, int] = {}
        for variable in self._concerned(name):
            former = self._current[variable]
            if former not in (FALSE, TRUE):
                current = self._current[variable] = self._atoms.missing(former, frozenset((name,)))
                self._atoms.succeed(current, former)
                changes[variable] = self._begun(current, None)
        self._variants.change(changes)

    def _index(self, variable: int, atom: object) -> None:
        if isinstance(atom, Has):
            self._by_name.setdefault(atom.name, []).append(variable)
        elif isinstance(atom, PropertiesAtLeast):
            self._always.append(variable)
        elif isinstance(atom, Every) and isinstance(atom.selector, NamedKey):
            self._by_name.setdefault(atom.selector.name, []).append(variable)
        elif isinstance(atom, Every):
            selector = atom.selector
            if not isinstance(selector, OtherKeys) or selector.patterns or self._atoms.is_negative(variable):
                self._always.append(variable)
            else:
                for name in selector.named:
                    self._by_name.setdefault(name, []).append(variable)

    def _concerned(self, name: str) -> list[int]:
        return [*self._by_name.get(name, ()), *self._always]

    def _begun(self, current: int, name: str | None) -> int:
        return current if current in (FALSE, TRUE) else self._atoms.begun(current, name)
