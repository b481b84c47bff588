"""Classification: one label for each text, out of a few, with the pipeline and in batches."""

from collections import Counter
from typing import Literal

import transformers

import maskwright.pipelines
from maskwright.generation.tiny import TINY_MODEL_PATH

Label = Literal["praise", "complaint", "question"]
REVIEWS = [
    "The lamp arrived in pieces, for the second time.",
    "Best lamp I have ever had.",
    "Does it come with a bulb?",
    "My cat likes it. So do I.",
    "How long is the cable?",
]

classify = transformers.pipeline(maskwright.pipelines.TASK, model=str(TINY_MODEL_PATH), schema=Label, device="cpu")
labels = classify([f"Praise, complaint or question? {review}" for review in REVIEWS], batch_size=4)
for review, label in zip(REVIEWS, labels, strict=True):
    print(f"{label:10} {review}")
print(Counter(labels))
