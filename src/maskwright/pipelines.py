"""Importing this module adds the task ``"structured-generation"`` to ``transformers.pipeline``."""

from .generation.pipelines import StructuredGenerationPipeline, register
from .generation.text_generation import ConstrainedTextGenerationPipeline

__all__ = ["ConstrainedTextGenerationPipeline", "StructuredGenerationPipeline"]

register()
