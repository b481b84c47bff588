"""A pipeline for transformers that writes documents of a schema: the task ``"structured-generation"``.

    import maskwright.pipelines
    write = transformers.pipeline("structured-generation", model=..., schema=Person)
    write("Write a person.")                      # a Person
    write(["Write a person.", "Write another."])  # a list of them

What it returns for a prompt is the value of the document, None if it was cut off; a list of values if
``num_return_sequences`` is above one; and with ``return_full_result=True`` the ``GenerationResult`` instead of the
value. Without a model it is the bundled tiny one.
"""

from __future__ import annotations

from typing import Any

from transformers import AutoModelForCausalLM
from transformers.pipelines import PIPELINE_REGISTRY
from transformers.pipelines.base import Pipeline

from ..grammar.errors import MaskwrightError
from .generate import generate
from .result import GenerationResult
from .tiny import TINY_MODEL_PATH

TASK = "structured-generation"


class StructuredGenerationPipeline(Pipeline):  # type: ignore[misc, unused-ignore]
    """Arguments of ``maskwright.generate`` may be given when the pipeline is made, or in a call, which goes first."""

    _load_processor = False  # type: ignore[assignment, unused-ignore]
    _load_image_processor = False  # type: ignore[assignment, unused-ignore]
    _load_video_processor = False  # type: ignore[assignment, unused-ignore]
    _load_feature_extractor = False  # type: ignore[assignment, unused-ignore]
    _load_tokenizer = True  # type: ignore[assignment, unused-ignore]

    def _sanitize_parameters(
        self, return_full_result: bool | None = None, **generate_arguments: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        results = {} if return_full_result is None else {"return_full_result": return_full_result}
        return {}, generate_arguments, results

    def preprocess(self, prompt: Any) -> dict[str, Any]:  # type: ignore[override, unused-ignore]
        return {"prompts": [prompt]}

    def _forward(self, inputs: Any, **generate_arguments: Any) -> Any:  # type: ignore[override, unused-ignore]
        """All results of each prompt; a batch is a list of what ``preprocess`` made of each prompt."""
        if "schema" not in generate_arguments:
            raise MaskwrightError("the pipeline has no schema", remedy="pass schema= to pipeline() or to the call")
        prompts = [_plain(each) for each in inputs["prompts"]]
        results = generate(self.model, prompts, tokenizer=self.tokenizer, **generate_arguments)
        count = len(results) // len(prompts)
        return {"results": [results[start : start + count] for start in range(0, len(results), count)]}

    def postprocess(self, outputs: Any, return_full_result: bool = False) -> Any:  # type: ignore[override, unused-ignore]
        results: Any = outputs["results"]
        if isinstance(results[0], list):  # not taken from a batch
            results = results[0]
        found = results if return_full_result else [_value(result) for result in results]
        return found[0] if len(found) == 1 else found


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


def _plain(prompt: Any) -> Any:
    """A string, or the messages of what transformers makes of a chat; both come in a list when they are batched."""
    if isinstance(prompt, list) and len(prompt) == 1 and not isinstance(prompt[0], dict):
        prompt = prompt[0]
    return getattr(prompt, "messages", prompt)


def _value(result: GenerationResult) -> object:
    return result.value
