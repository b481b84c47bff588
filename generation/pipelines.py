"""A pipeline for transformers that writes documents of a language: the task ``"structured-generation"``.

    import maskwright.pipelines
    write = transformers.pipeline("structured-generation", model=..., schema=Person)
    write("Write a person.")                      # a Person
    write(["Write a person.", "Write another."])  # a list of them
    for person in write(data, batch_size=8): ...  # of a data set or generator, which is read a batch at a time
    for event in write("Write a person.", stream=True): ...  # as ``maskwright.stream``

``schema=``, ``grammar=`` or ``regex=`` says what is written, in a call or for all calls. What it returns for a prompt
is the value of the document, None if it was cut off; a list of values if ``num_return_sequences`` is above one; and
with ``return_full_result=True`` the ``GenerationResult`` instead of the value. Without a model it is the bundled one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sized
from itertools import islice
from types import GeneratorType
from typing import Any

from transformers import AutoModelForCausalLM
from transformers.pipelines import PIPELINE_REGISTRY
from transformers.pipelines.base import Pipeline

from ..grammar.errors import MaskwrightError
from ..grammar.matcher import Constraint
from ..schemas.specification import compile_once, vocabulary_of
from .generate import generate
from .languages import take_language
from .models import end_tokens, logits_width
from .result import GenerationResult
from .streaming import StreamEvent, stream
from .tiny import TINY_MODEL_PATH

TASK = "structured-generation"


class StructuredGenerationPipeline(Pipeline):  # type: ignore[misc, unused-ignore]
    """Arguments of ``maskwright.generate`` may be given when the pipeline is made, or in a call, which goes first."""

    _load_processor = False  # type: ignore[assignment, unused-ignore]
    _load_image_processor = False  # type: ignore[assignment, unused-ignore]
    _load_video_processor = False  # type: ignore[assignment, unused-ignore]
    _load_feature_extractor = False  # type: ignore[assignment, unused-ignore]
    _load_tokenizer = True  # type: ignore[assignment, unused-ignore]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = self._forward_params.get("schema")
        if language is not None and not isinstance(language, Constraint):  # so that what is wrong with it is said now
            vocabulary = vocabulary_of(self.tokenizer, logits_width(self.model), end_tokens(self.model, self.tokenizer))
            compile_once(language, vocabulary, self._forward_params.get("limits"))

    def __call__(self, inputs: Any, *args: Any, stream: bool = False, **kwargs: Any) -> Any:  # type: ignore[override, unused-ignore]
        """A value for a prompt or chat, a list of them for a list, an iterable of them for what is read lazily."""
        if stream:
            return self._stream(inputs, **kwargs)
        if isinstance(inputs, list | tuple) and not inputs:
            return []
        if isinstance(inputs, Iterator) and not isinstance(inputs, GeneratorType):
            inputs = (each for each in inputs)
        untyped: Any = super()
        return untyped.__call__(inputs, *args, **kwargs)

    def get_iterator(  # type: ignore[override, unused-ignore]
        self,
        inputs: Any,
        num_workers: int,
        batch_size: int,
        preprocess_params: dict[str, Any],
        forward_params: dict[str, Any],
        postprocess_params: dict[str, Any],
    ) -> Iterable[Any]:
        """The values of many prompts. Prompts are padded by ``generate``, so that any tokenizer may be batched."""

        if batch_size < 1:
            raise MaskwrightError(f"batch_size is {batch_size}", remedy="it is at least 1")
        untyped: Any = self

        def write(prompts: list[Any]) -> list[Any]:
            outputs = untyped.forward({"prompts": prompts}, **forward_params)
            return [self.postprocess({"results": each}, **postprocess_params) for each in outputs["results"]]

        return _Values(inputs, batch_size, write)

    def _sanitize_parameters(
        self, return_full_result: bool | None = None, **generate_arguments: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        results = {} if return_full_result is None else {"return_full_result": return_full_result}
        language = take_language(generate_arguments)
        if language is not None:
            generate_arguments["schema"] = language
        return {}, generate_arguments, results

    def preprocess(self, prompt: Any) -> dict[str, Any]:  # type: ignore[override, unused-ignore]
        return {"prompts": [prompt]}

    def _forward(self, inputs: Any, **generate_arguments: Any) -> Any:  # type: ignore[override, unused-ignore]
        """``results``: those of each prompt, in a list."""
        prompts = [_plain(each) for each in inputs["prompts"]]
        arguments = _checked(generate_arguments)
        results = generate(self.model, prompts, tokenizer=self.tokenizer, **arguments)
        count = len(results) // len(prompts)
        return {"results": [results[start : start + count] for start in range(0, len(results), count)]}

    def postprocess(self, outputs: Any, return_full_result: bool = False) -> Any:  # type: ignore[override, unused-ignore]
        results: Any = outputs["results"]
        if isinstance(results[0], list):  # those of the one prompt
            results = results[0]
        found = results if return_full_result else [_value(result) for result in results]
        return found[0] if len(found) == 1 else found

    def _stream(self, prompt: Any, **arguments: Any) -> Generator[StreamEvent, None, None]:
        _, own, _ = self._sanitize_parameters(**arguments)
        return stream(self.model, prompt, tokenizer=self.tokenizer, **_checked({**self._forward_params, **own}))


class _Values:
    """The values of ``inputs``, written a batch at a time when they are asked for; nothing is kept of those before."""

    def __init__(self, inputs: Any, batch_size: int, write: Callable[[list[Any]], list[Any]]) -> None:
        self._inputs, self._batch_size, self._write = inputs, batch_size, write

    def __len__(self) -> int:
        return len(self._inputs)

    def __iter__(self) -> Iterator[Any]:
        rows = _rows(self._inputs)
        while batch := list(islice(rows, self._batch_size)):
            yield from self._write(batch)


def register() -> None:
    """Make the task known to ``transformers.pipeline``."""
    if TASK not in PIPELINE_REGISTRY.get_supported_tasks():
        PIPELINE_REGISTRY.register_pipeline(
            TASK,
            pipeline_class=StructuredGenerationPipeline,
            pt_model=AutoModelForCausalLM,
            default={"model": (str(TINY_MODEL_PATH), "main")},
            type="text",
        )


def _rows(inputs: Any) -> Iterator[Any]:
    """Of data sets with a length, the rows with an index below it; not all of them end by themselves."""
    if isinstance(inputs, Sized) and hasattr(inputs, "__getitem__"):
        return (inputs[index] for index in range(len(inputs)))
    return iter(inputs)


def _checked(arguments: dict[str, Any]) -> dict[str, Any]:
    if "schema" not in arguments:
        raise MaskwrightError(
            "the pipeline has no schema", remedy="pass schema=, grammar= or regex= to pipeline() or to the call"
        )
    return arguments


def _plain(prompt: Any) -> Any:
    """A string, or the messages of what transformers makes of a chat."""
    messages = getattr(prompt, "messages", prompt)
    if isinstance(messages, Mapping) or not isinstance(messages, str | list | tuple):
        raise MaskwrightError(
            f"{messages!r:.60} is no prompt",
            remedy="pass texts or chats; of rows with columns, KeyDataset(rows, column)",
        )
    return messages


def _value(result: GenerationResult) -> object:
    return result.value
