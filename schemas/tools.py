"""``tools``: calls of functions in the way a family of models writes them, among free text or alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..grammar.argument_checks import wrong_argument
from ..grammar.cfg.forms import FORMS
from ..grammar.errors import InvalidSchema
from ..grammar.limits import Limits
from ..grammar.matcher import Constraint
from ..grammar.vocabulary import Vocabulary
from .specification import GrammarSpecification
from .tool_calls import ToolCall, behind
from .tool_formats import ALIASES, FORMATS, Request, ToolFormat
from .tool_schemas import Tool, tools_of


class Tools(GrammarSpecification):
    """A specification whose texts hold calls of tools; made by :func:`tools`."""

    def __init__(self, format: ToolFormat, request: Request) -> None:
        form = format.form(request)
        assert isinstance(form, FORMS)
        super().__init__(form)
        self._format = format
        self._request = request

    def compile(self, vocabulary: Vocabulary, limits: Limits | None = None) -> Constraint:
        """The constraint; raises as ``maskwright.compile`` does."""
        from .grammar_compile import compile_form

        names = frozenset(name for name, i in vocabulary.special_tokens.items() if i in vocabulary.eos_token_ids)
        request = self._request
        form = self._format.form(Request(request.tools, request.required, request.at_most, request.reasoning, names))
        assert isinstance(form, FORMS)
        return compile_form(form, vocabulary, limits or Limits(), self.schema_of)

    def parse(self, document: str) -> object:
        """The calls, in order. Raises ``MaskwrightError`` if a function's types refuse the arguments of one."""
        calls = self.tool_calls(document)
        for call in calls:
            if call.error is not None:
                raise call.error
        return list(calls)

    def tool_calls(self, text: str) -> tuple[ToolCall, ...]:
        """The complete calls in ``text``, a text of the language or the beginning of one.

        Special tokens stand in it by name, as in ``Vocabulary.decode(ids, special_tokens=True)``.
        """
        request = self._request
        start = 0 if request.reasoning is None else behind(text, request.reasoning)
        if start is None:
            return ()
        tools = {tool.name: tool for tool in request.tools}
        return tuple(self._format.reading.calls(text, start, tools))


def tools(
    functions: Iterable[object],
    format: str = "hermes",
    choice: str = "auto",
    *,
    parallel: bool | None = None,
    reasoning: bool | tuple[str, str] = False,
) -> Tools:
    """What ``generate`` and ``compile`` take to have tools called; results have ``tool_calls``.

    ``functions``: functions, types, or dicts, ``{"name", "parameters"}`` (or ``input_schema``), possibly inside of
    ``{"type": "function", "function": ...}``.
    ``format``: ``hermes`` (Qwen 2.5 and 3, Hermes; also ``qwen``), ``qwen3-coder``, ``llama3``, ``mistral`` (from
    version 11 of its tokenizers on), ``mistral-v3`` (before), ``deepseek`` (V3 and R1), ``deepseek-v3.1``, ``harmony``
    (also ``gpt-oss``).
    ``choice``: ``auto`` lets the model write text and call; ``required`` has it call at once; the name of a tool has it
    call that one, once.
    ``parallel``: whether several calls may come; by default, if the format knows that and no tool is named.
    ``reasoning``: whether the model reasons first: the marks around it, or True for those of the format. Where the
    prompt ends with the first mark, that one is ``""``. (Models of ``harmony`` reason in any case.)

    Raises ``InvalidSchema`` or ``UnsupportedSchema`` for what cannot be read.
    """
    found = tools_of(functions)
    _check_kinds(format, choice, parallel, reasoning)
    name = ALIASES.get(format, format)
    if name not in FORMATS:
        known = ", ".join([*FORMATS, *ALIASES])
        raise InvalidSchema(f"the format {format!r:.40} is not known", remedy=f"formats are {known}; or write Tags")
    chosen = FORMATS[name]
    if parallel and not chosen.parallel:
        raise InvalidSchema(f"in the format {name} there is one call at most", remedy="leave parallel out")
    if reasoning is True and chosen.reasoning is None and chosen.shape is None:
        raise InvalidSchema(f"the format {name} knows no reasoning", remedy='pass the marks: ("<think>", "</think>")')
    if chosen.shape is not None and not isinstance(reasoning, bool):
        raise InvalidSchema(f"the format {name} has marks of its own around reasoning", remedy="leave reasoning out")
    several = chosen.parallel and choice in ("auto", "required") if parallel is None else parallel
    marks = (chosen.reasoning if reasoning is True else None) if isinstance(reasoning, bool) else reasoning
    at_most = None if several else 1
    return Tools(chosen, Request(_chosen(found, choice), choice != "auto", at_most, marks, frozenset()))


def _check_kinds(format: object, choice: object, parallel: object, reasoning: Any) -> None:
    """Raises ``InvalidArgument`` for what is of the wrong kind."""
    for name, value in (("format", format), ("choice", choice)):
        if not isinstance(value, str):
            raise wrong_argument(
                name, value, "a text" if name == "format" else '"auto", "required" or the name of a tool'
            )
    if not isinstance(parallel, bool | None):
        raise wrong_argument("parallel", parallel, "True, False or None")
    if not isinstance(reasoning, bool):
        is_pair = isinstance(reasoning, tuple | list) and len(reasoning) == 2
        if not is_pair or not all(isinstance(mark, str) for mark in reasoning) or not reasoning[1]:
            raise wrong_argument("reasoning", reasoning, 'True, False or a pair of marks, ("<think>", "</think>")')


def _chosen(found: tuple[Tool, ...], choice: str) -> tuple[Tool, ...]:
    """The tools that may be called."""
    if choice in ("auto", "required"):
        return found
    named = tuple(tool for tool in found if tool.name == choice)
    if not named:
        names = ", ".join(tool.name for tool in found[:8])
        raise InvalidSchema(f"there is no tool {choice!r:.40}", remedy=f'pass "auto", "required" or one of {names}')
    return named
