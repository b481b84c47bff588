"""Prompts, as text or as chat messages, to the rows of token ids that a model reads.

A string is given to the tokenizer as it stands, so that whatever the tokenizer adds to a text (a beginning-of-sequence
token; for the bundled tiny model, its frame) is added. Chat messages go through the tokenizer's chat template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jinja2.exceptions import TemplateError

from ..grammar.argument_checks import wrong_argument
from ..grammar.errors import MaskwrightError

Message = Mapping[str, Any]
Prompt = str | Sequence[Message]


_EXPECTED = 'a text, chat messages [{"role": ..., "content": ...}], or a list of either'


def is_single(prompt: Prompt | Sequence[Any]) -> bool:
    """Whether it is one prompt rather than a list of them. Raises ``InvalidArgument`` for what is neither."""
    if isinstance(prompt, Mapping):
        raise wrong_argument("prompt", prompt, "a list of messages: put it into [...]")
    if not _is_list(prompt) and not isinstance(prompt, str):
        raise wrong_argument("prompt", prompt, _EXPECTED)
    return isinstance(prompt, str) or (len(prompt) > 0 and isinstance(prompt[0], Mapping))


def encode(tokenizer: Any, prompt: Prompt, system: str | None) -> list[int]:
    """The token ids of one prompt; ``system`` goes in front as a system message and makes a chat of a string."""
    if not _is_list(prompt) and not isinstance(prompt, str):
        raise wrong_argument("a prompt of the list", prompt, "a text, or a list of chat messages")
    if not isinstance(system, str | None):
        raise wrong_argument("system", system, "a text")
    if isinstance(prompt, str) and system is None:
        ids = tokenizer(prompt)["input_ids"]
    else:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else _checked(prompt)
        if system is not None:
            messages = [{"role": "system", "content": system}, *messages]
        ids = _chat_ids(tokenizer, messages)
    if not ids:
        raise MaskwrightError("the prompt has no tokens", remedy="write a prompt")
    return list(ids)


def pad(rows: Sequence[Sequence[int]], padding: int, *, right: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, int64[rows, longest]: padded on the left, or on the right as encoders are."""
    longest = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        blank = longest - len(row)
        before, after = (0, blank) if right else (blank, 0)
        ids.append([padding] * before + list(row) + [padding] * after)
        mask.append([0] * before + [1] * len(row) + [0] * after)
    return torch.tensor(ids), torch.tensor(mask)


def _is_list(prompt: object) -> bool:
    """Whether it is a list or its like; data sets are."""
    return hasattr(prompt, "__len__") and hasattr(prompt, "__getitem__") and not isinstance(prompt, bytes | Mapping)


def _chat_ids(tokenizer: Any, messages: Sequence[Message]) -> Any:
    if not getattr(tokenizer, "chat_template", None):
        raise MaskwrightError(
            "the tokenizer has no chat template", remedy="pass the prompt as a string, or use the model of a chat"
        )
    try:
        encoded = tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, return_dict=True)
    except TemplateError as error:
        raise MaskwrightError(f"the chat template refuses the messages: {error}") from error
    return encoded["input_ids"]


def _checked(prompt: Sequence[Message]) -> list[Message]:
    for message in prompt:
        if not isinstance(message, Mapping) or not {"role", "content"} <= message.keys():
            raise MaskwrightError(
                f"{message!r:.60} is no chat message", remedy='messages are {"role": ..., "content": ...}'
            )
    return list(prompt)
