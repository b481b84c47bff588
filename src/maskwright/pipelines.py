"""Importing this module adds the task ``"structured-generation"`` to ``transformers.pipeline``."""

from .generation.pipelines import StructuredGenerationPipeline, register

__all__ = ["StructuredGenerationPipeline"]

register()
