"""Every error that maskwright raises for input it cannot handle.

Errors are values: their fields say what was wrong, where (a JSON pointer, or a position in a text), and what to do
about it, and two errors with equal fields are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(unsafe_hash=True)
class MaskwrightError(Exception):
    """The base of all errors below.

    ``problem`` is one sentence; ``pointer`` the JSON pointer of the place in the schema (``""`` is the root, ``None``
    where no schema is involved); ``remedy`` what the caller can do, or ``""``.
    """

    problem: str
    pointer: str | None = None
    remedy: str = ""

    def __str__(self) -> str:
        where = "" if self.pointer is None else f" at {self.pointer or 'the root'}"
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.problem}{where}{remedy}"

    def at(self, pointer: str) -> MaskwrightError:
        """The same error, placed at ``pointer``."""
        return type(self)(self.problem, pointer, self.remedy)


class InvalidArgument(MaskwrightError, TypeError):
    """An argument of the wrong kind: None or a number for a prompt, a schema for a constraint."""


class InvalidSchema(MaskwrightError):
    """The schema is not one: broken JSON, a keyword with a value of the wrong type, a reference to nowhere."""


class UnsupportedSchema(MaskwrightError):
    """The schema is valid, but asks for something that cannot be enforced."""


class UnsatisfiableSchema(MaskwrightError):
    """No document satisfies the schema."""


class UnsatisfiableGrammar(UnsatisfiableSchema):
    """No text at all is derived from the start of the grammar, or is in a regular language."""


@dataclass(unsafe_hash=True)
class InvalidGrammar(MaskwrightError):
    """The text of a grammar is not one: broken syntax, a name that nothing defines or two things do.

    ``line`` and ``column`` count from 1 (0 where no place is known), ``excerpt`` is that line of the text, ``expected``
    what could stand there instead, ``file`` where the text is from, ``""`` where it is from no file.
    """

    line: int = 0
    column: int = 0
    excerpt: str = ""
    expected: tuple[str, ...] = ()
    file: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(map(str, (self.line, self.column)) if self.line else ())])
        before = f"{place}: " if self.file else ""
        where = f" at line {self.line}, column {self.column}" if self.line and not self.file else ""
        remedy = f" ({self.remedy})" if self.remedy else ""
        lines = [f"{before}{self.problem}{where}{remedy}"]
        if self.line:
            before = "".join("\t" if character == "\t" else " " for character in self.excerpt[: self.column - 1])
            lines += [f"    {self.excerpt}", f"    {before}^"]
        if self.expected:
            lines.append(f"expected: {', '.join(self.expected)}")
        return "\n".join(lines)

    def at(self, pointer: str) -> InvalidGrammar:
        """The same error, placed at ``pointer``."""
        return replace(self, pointer=pointer)


class InvalidPattern(MaskwrightError):
    """A regular expression that does not parse as ECMA-262."""


class UnsupportedPattern(MaskwrightError):
    """A valid regular expression that is not regular (back-references) or that is not supported yet."""


class UnsupportedTokenizer(MaskwrightError):
    """A tokenizer whose tokens cannot be mapped to the bytes they stand for."""


class LimitExceeded(MaskwrightError):
    """Work was stopped because it would have gone over one of the :class:`~maskwright.grammar.limits.Limits`."""


@dataclass(unsafe_hash=True)
class BudgetTooSmall(MaskwrightError):
    """Fewer tokens are allowed than any text that was found takes; ``least`` are enough."""

    least: int = 0

    def at(self, pointer: str) -> BudgetTooSmall:
        """The same error, placed at ``pointer``."""
        return replace(self, pointer=pointer)


class VocabularyMismatch(MaskwrightError):
    """Logits, or constraints that are used together, are of different vocabularies."""


class DeadLogits(MaskwrightError):
    """A model gives minus infinity to every token that is allowed, or NaN to one of them."""
