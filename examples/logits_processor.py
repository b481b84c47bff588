"""``model.generate`` of transformers, with the constraint as a logits processor."""

from transformers import AutoModelForCausalLM, AutoTokenizer

import maskwright as mw
from maskwright.generation.tiny import TINY_MODEL_PATH

tokenizer = AutoTokenizer.from_pretrained(TINY_MODEL_PATH)
model = AutoModelForCausalLM.from_pretrained(TINY_MODEL_PATH)
vocabulary = mw.Vocabulary.from_huggingface(tokenizer, vocab_size=model.config.vocab_size)
constraint = mw.compile({"type": "array", "items": {"type": "integer"}, "minItems": 3, "maxItems": 5}, vocabulary)

inputs = tokenizer(["Write three numbers.", "Write some sensor readings as JSON."], return_tensors="pt", padding=True)
inputs.pop("token_type_ids", None)
tokens = model.generate(**inputs, max_new_tokens=100, do_sample=True, logits_processor=[mw.LogitsProcessor(constraint)])
for row in tokens[:, inputs["input_ids"].shape[1] :]:
    print(tokenizer.decode(row, skip_special_tokens=True))
