"""How the models of several families write calls of tools.

Each format says where it was looked up. Not supported: Llama's calls in Python's syntax, and the ids that Mistral's
models of version 11 may put into a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..grammar.cfg.shapes import Many, OneOf, Part, Row, Text, Until
from ..grammar.cfg.tags_form import Tag, Tags
from ..grammar.errors import UnsupportedSchema
from .tool_calls import Reading, Spelling
from .tool_parameters import parameters
from .tool_schemas import Tool

THINK = ("<think>", "</think>")


@dataclass(frozen=True)
class Request:
    """What is asked for. ``at_most``: calls; ``None`` for any number. ``ends``: names of the model's end tokens."""

    tools: tuple[Tool, ...]
    required: bool
    at_most: int | None
    reasoning: tuple[str, str] | None
    ends: frozenset[str]


@dataclass(frozen=True)
class ToolFormat:
    """A format.

    ``separator``: between calls outside of a list where there is no free text. ``list_end``: behind a list.
    ``parallel``: may there be several calls? ``reasoning``: the marks of the models that reason first; ``None`` if the
    format knows none. ``shape``: the grammar, where it is not simply calls in free text. ``inside``: special tokens
    that a text goes on after, so that they cannot be end tokens.
    """

    reading: Reading
    separator: str = ""
    list_end: str = ""
    parallel: bool = True
    reasoning: tuple[str, str] | None = THINK
    shape: Callable[[Request], Part] | None = None
    inside: frozenset[str] = frozenset()

    def form(self, request: Request) -> Part:
        """The grammar of what ``request`` asks for."""
        barred = sorted(self.inside & request.ends)
        if barred:
            raise UnsupportedSchema(
                f"the format of tools has {barred[0]} inside of texts, and with this vocabulary texts end there",
                remedy='take the format of this model, or one of plain text such as "hermes"',
            )
        if self.shape is not None:
            return self.shape(request)
        reading, low = self.reading, int(request.required)
        tags = [
            Tag(spelling.beginning(tool.name), _arguments(spelling, tool), spelling.end)
            for spelling in reading.spellings
            for tool in request.tools
        ]
        at_most = request.at_most
        if reading.lists:
            calls = Tags(tags, at_least=1, at_most=at_most, free_text=False, separator=reading.separator)
            tags, at_most = [Tag(begin, calls, self.list_end) for begin in reading.lists], 1
        return Tags(
            tags,
            triggers=None if request.required else reading.triggers,
            at_least=low,
            at_most=at_most,
            free_text=not request.required,
            separator=self.separator,
            reasoning=request.reasoning,
        )


def _arguments(spelling: Spelling, tool: Tool) -> object:
    return tool.arguments if spelling.parameter is None else parameters(spelling.parameter, tool)


# --- harmony

_MESSAGE_TOKENS = ("<|start|>", "<|channel|>", "<|message|>", "<|call|>", "<|return|>")
_NEXT = "<|start|>assistant"
_CHANNELS = ("<|channel|>analysis<|message|>", "<|channel|>commentary<|message|>")
_RECIPIENTS = ("<|channel|>commentary to=functions.%s", " to=functions.%s<|channel|>commentary")
_TYPES = (" <|constrain|>json<|message|>", "<|constrain|>json<|message|>", "<|message|>")


def _harmony(request: Request) -> Part:
    """Thoughts and announcements, then a call or the answer."""
    said = OneOf(tuple(Text(begin) for begin in _CHANNELS))
    before = Many(Row((said, Until("<|end|>", _MESSAGE_TOKENS), Text(_NEXT))))
    end = "" if "<|call|>" in request.ends else "<|call|>"
    last: list[Part] = [
        Row(
            (
                OneOf(tuple(Text(r.replace("%s", tool.name)) for r in _RECIPIENTS)),
                _HARMONY_TYPE,
                tool.arguments,
                Text(end),
            )
        )
        for tool in request.tools
    ]
    if not request.required:
        last.append(Row((Text("<|channel|>final<|message|>"), Until("", (*_MESSAGE_TOKENS, "<|end|>")))))
    return Row((before, OneOf(tuple(last))))


_HARMONY_TYPE = OneOf(tuple(map(Text, _TYPES)))

# --- all of them

_PRETTY = '{\n    "type": "function",\n    "name": %s,\n    "parameters": '
_FUNCTION = '{"type": "function", "name": %s, "parameters": '
_LLAMA = ('{"name": %s, "parameters": ', _FUNCTION, _PRETTY)

FORMATS: dict[str, ToolFormat] = {
    # The chat templates of Qwen 2.5 and Qwen 3, and of Hermes 2 Pro, of which
    # github.com/vllm-project/vllm, examples/tool_chat_template_hermes.jinja quotes the instruction
    "hermes": ToolFormat(
        Reading(
            (Spelling('<tool_call>\n{"name": %s, "arguments": ', "}\n</tool_call>", quoted=True),), ("<tool_call>",)
        ),
        separator="\n",
    ),
    # github.com/vllm-project/vllm, examples/tool_chat_template_qwen3coder.jinja
    "qwen3-coder": ToolFormat(
        Reading(
            (
                Spelling(
                    "<tool_call>\n<function=%s>\n",
                    "</function>\n</tool_call>",
                    parameter=("<parameter=%s>\n", "\n</parameter>\n"),
                ),
            ),
            ("<tool_call>",),
        ),
        separator="\n",
    ),
    # github.com/meta-llama/llama-models, models/llama3_3/prompt_format.md ("JSON based tool calling"): one call
    "llama3": ToolFormat(
        Reading(
            tuple(
                Spelling(mark + begin, "\n}" if begin is _PRETTY else "}", quoted=True)
                for mark in ("<|python_tag|>", "")
                for begin in _LLAMA
            ),
            ("<|python_tag|>", '{"name": "', '{"type": "function", "name": "', _PRETTY.partition("%s")[0]),
        ),
        parallel=False,
        reasoning=None,
    ),
    # mistral_common, InstructTokenizerV11 and V13
    "mistral": ToolFormat(
        Reading((Spelling("[TOOL_CALLS]%s[ARGS]", ""),), ("[TOOL_CALLS]",)), reasoning=("[THINK]", "[/THINK]")
    ),
    # mistral_common, InstructTokenizerV2 to V7; SentencePiece puts the blank before the list
    "mistral-v3": ToolFormat(
        Reading(
            (Spelling('{"name": %s, "arguments": ', "}", quoted=True),),
            ("[TOOL_CALLS]",),
            ("[TOOL_CALLS] [", "[TOOL_CALLS]["),
            ", ",
        ),
        list_end="]",
        reasoning=None,
    ),
    # github.com/vllm-project/vllm, examples/tool_chat_template_deepseekv3.jinja (also DeepSeek R1)
    "deepseek": ToolFormat(
        Reading(
            (Spelling("<｜tool▁call▁begin｜>function<｜tool▁sep｜>%s\n```json\n", "\n```<｜tool▁call▁end｜>"),),
            ("<｜tool▁calls▁begin｜>",),
            ("<｜tool▁calls▁begin｜>",),
            "\n",
        ),
        list_end="<｜tool▁calls▁end｜>",
    ),
    # github.com/vllm-project/vllm, examples/tool_chat_template_deepseekv31.jinja
    "deepseek-v3.1": ToolFormat(
        Reading(
            (Spelling("<｜tool▁call▁begin｜>%s<｜tool▁sep｜>", "<｜tool▁call▁end｜>"),),
            ("<｜tool▁calls▁begin｜>",),
            ("<｜tool▁calls▁begin｜>",),
        ),
        list_end="<｜tool▁calls▁end｜>",
    ),
    # github.com/openai/harmony, docs/format.md ("Receiving tool calls")
    "harmony": ToolFormat(
        Reading(
            tuple(Spelling(f"{recipient}{kind}", "") for recipient in _RECIPIENTS for kind in _TYPES),
            (),
            lead=rf"(?:(?:{'|'.join(map(re.escape, _CHANNELS))}).*?{re.escape('<|end|>' + _NEXT)})*",
        ),
        parallel=False,
        reasoning=None,
        shape=_harmony,
        inside=frozenset({"<|start|>", "<|channel|>", "<|message|>", "<|end|>"}),
    ),
}

ALIASES = {"qwen": "hermes", "gpt-oss": "harmony"}
