"""What generating one document gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ..grammar.errors import MaskwrightError
from ..logits.samplers.result import SamplingResult
from ..schemas.tool_calls import ToolCall
from .speculation.stats import SpeculationStats

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True)
class GenerationStats:
    """``prompt_tokens`` and ``tokens`` of this document, padding left out.

    ``seconds``: the model's whole run, of all documents that were written together; ``mask_seconds``: the part of it
    that went into masks (by a sampler: all that was not the model's); ``compile_seconds``: what it took before to
    build vocabulary and constraint, next to nothing where they were known. ``speculation``: passes and drafts
    of all documents that were written together.
    """

    prompt_tokens: int
    tokens: int
    seconds: float
    mask_seconds: float
    compile_seconds: float
    speculation: SpeculationStats | None = None

    @property
    def forward_passes(self) -> int | None:
        """Passes of the model after the prompt was read; None if that was left to the model's own ``generate``."""
        return None if self.speculation is None else self.speculation.forward_passes

    @property
    def drafted(self) -> dict[str, int]:
        """Drafted tokens by drafter."""
        return {} if self.speculation is None else dict(self.speculation.drafted)

    @property
    def accepted(self) -> dict[str, int]:
        """Those of ``drafted`` that became part of a document."""
        return {} if self.speculation is None else dict(self.speculation.accepted)

    @property
    def mean_accepted_length(self) -> float:
        """Drafted tokens accepted in one pass of one sequence."""
        return 0.0 if self.speculation is None else self.speculation.mean_accepted_length


@dataclass(frozen=True)
class GenerationResult:
    """A document written by a model.

    ``text``: the document, or the beginning of one if it was cut off. Special tokens that a grammar asks for stand in
    it by name; end tokens are left out. ``token_ids``: the generated tokens, up to and including the end-of-sequence
    token if there is one, without padding. ``finish_reason``: ``"stop"`` iff the document
    is complete, else ``"length"`` (the token budget, or a stopping criterion of the caller's, ended it).

    ``error``: why there is no value for a complete document: the type behind the schema refuses it in a way that no
    schema can say, or it is nested too deeply for Python.

    ``tool_calls``: the complete calls, of ``tools``; also where the document was cut off.

    ``weight``, ``sampling``: of documents that a sampler drew, its weight among those of its prompt, and what may be
    claimed of them all.
    """

    text: str
    token_ids: tuple[int, ...]
    finish_reason: FinishReason
    stats: GenerationStats
    parsed: object = field(default=None, repr=False)
    error: MaskwrightError | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    weight: float = 1.0
    sampling: SamplingResult | None = field(default=None, repr=False)

    @property
    def value(self) -> object:
        """The value of the document: plain JSON, an instance of the type, or a function's arguments; None if cut off.

        Raises ``error`` if there is one.
        """
        if self.error is not None:
            raise self.error
        return self.parsed
