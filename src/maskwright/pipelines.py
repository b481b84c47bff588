"""Importing this module adds the task ``"structured-generation"`` to ``transformers.pipeline``."""

from .generation.pipelines import TASK, StructuredGenerationPipeline, register
from .generation.text_generation import ConstrainedTextGenerationPipeline

__all__ = ["TASK", "ConstrainedTextGenerationPipeline", "StructuredGenerationPipeline"]

register()
