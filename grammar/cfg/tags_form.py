"""Free text in which triggers open constrained regions, as a public value."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..argument_checks import whole_number, wrong_argument
from ..errors import InvalidGrammar

_ENTRY = 'write (begin, content, end) or {"begin": ..., "content": ..., "end": ...}'
_KEYS = frozenset({"begin", "content", "end"})
_MARKS = 'two texts, such as ("<think>", "</think>")'


@dataclass(frozen=True, eq=False)
class Tag:
    """A region: ``begin``, a text of ``content``, ``end``."""

    begin: str
    content: object
    end: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.begin, str) or not isinstance(self.end, str):
            raise InvalidGrammar(f"the tag {self!r:.80} begins or ends with no text", remedy=_ENTRY)
        if self.content is None and not self.end:
            raise InvalidGrammar(f"the tag {self.begin!r} has neither content nor an end", remedy="give it an end")
        object.__setattr__(self, "_key", (self.begin, self.end, identity(self.content)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tag) and self._key == other._key  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._key)  # type: ignore[attr-defined]


@dataclass(frozen=True, init=False)
class Tags:
    """Free text with regions in it that begin with a trigger.

    ``tags``: the regions, each ``(begin, content, end)`` or a mapping with these keys, ``end`` being optional.
    ``content`` is whatever ``compile`` takes; ``None`` stands for any text up to the first ``end``.
    Whatever in ``begin``, ``end`` and other texts below is the name of a special token of the vocabulary is that token.

    ``triggers``: texts that begin a region wherever they come to an end first; each is what some ``begin`` begins with,
    and what follows is one of the regions that begin so. By default, each ``begin`` is a trigger. Give the common
    beginning of many tags: fewer triggers are faster.
    ``at_least``, ``at_most``: how many regions there are. After the last one, no text has a trigger in it.
    ``free_text``: whether there is any text besides regions; if not, ``separator`` stands between them.
    ``without``: texts that free text never holds.
    ``reasoning``: how a text begins that goes before all this and holds anything, and its end, the first one. Without
    free text, blanks may follow.
    """

    tags: tuple[Tag, ...]
    triggers: tuple[str, ...] | None = None
    at_least: int = 0
    at_most: int | None = None
    free_text: bool = True
    separator: str = ""
    reasoning: tuple[str, str] | None = None
    without: tuple[str, ...] = ()

    def __init__(
        self,
        tags: Iterable[Tag | Sequence[object] | Mapping[str, object]],
        *,
        triggers: Iterable[str] | None = None,
        at_least: int = 0,
        at_most: int | None = None,
        free_text: bool = True,
        separator: str = "",
        reasoning: tuple[str, str] | None = None,
        without: Iterable[str] = (),
    ) -> None:
        entries = tags if isinstance(tags, Iterable) and not isinstance(tags, str | Mapping) else None
        if entries is None:
            raise wrong_argument("tags", tags, "a list of tags, [(begin, content, end), ...]")
        for name, value in (
            ("tags", tuple(_tag(entry) for entry in entries)),
            ("triggers", None if triggers is None else _texts("triggers", triggers, "a list of texts")),
            ("at_least", whole_number("at_least", at_least)),
            ("at_most", None if at_most is None else whole_number("at_most", at_most, "an integer or None")),
            ("free_text", free_text),
            ("separator", separator),
            ("reasoning", None if reasoning is None else _texts("reasoning", reasoning, _MARKS)),
            ("without", _texts("without", without, "a list of texts")),
        ):
            object.__setattr__(self, name, value)
        if not isinstance(free_text, bool):
            raise wrong_argument("free_text", free_text, "True or False")
        if not isinstance(separator, str):
            raise wrong_argument("separator", separator, "a text")
        self._check()

    def _check(self) -> None:
        if not self.tags:
            raise InvalidGrammar("there are no tags", remedy=_ENTRY)
        if self.at_least < 0 or (self.at_most is not None and self.at_most < self.at_least):
            problem = f"at_least={self.at_least} and at_most={self.at_most} leave no number of regions"
            raise InvalidGrammar(problem, remedy="let at_most be at_least or more, or None")
        if self.reasoning is not None and (len(self.reasoning) != 2 or not self.reasoning[1]):
            raise InvalidGrammar("reasoning has no end", remedy=f"pass {_MARKS}")
        if not all(self.without):
            raise InvalidGrammar("without holds an empty text", remedy='pass texts such as ["</answer>"]')
        if not self.free_text:
            return
        for trigger in self.triggers or ():
            if not trigger or not any(tag.begin.startswith(trigger) for tag in self.tags):
                raise InvalidGrammar(f"no tag begins with the trigger {trigger!r}", remedy="leave it out")
        for tag in self.tags:
            if not tag.begin or (self.triggers is not None and not tag.begin.startswith(self.triggers)):
                problem = f"nothing in free text says where the tag {tag.begin!r} begins"
                raise InvalidGrammar(problem, remedy="name what it begins with as a trigger, or pass free_text=False")


def _texts(name: str, given: object, expected: str) -> tuple[str, ...]:
    texts = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (None,)
    if not all(isinstance(text, str) for text in texts):
        raise wrong_argument(name, given, expected)
    return texts


def _tag(entry: object) -> Tag:
    if isinstance(entry, Tag):
        return entry
    if isinstance(entry, Mapping) and {"begin", "content"} <= entry.keys() <= _KEYS:
        return Tag(**entry)
    if isinstance(entry, Sequence) and not isinstance(entry, str) and len(entry) in (2, 3):
        return Tag(*entry)
    raise InvalidGrammar(f"{entry!r:.80} is no tag", remedy=_ENTRY)


def identity(content: object) -> Hashable:
    """Equal for contents of the same language, as far as this is cheap to see."""
    if isinstance(content, Hashable):
        try:
            return hash(content), content
        except TypeError:  # a tuple of lists, say
            pass
    try:
        return repr(content)
    except RecursionError:
        return id(content)
