"""Context-free grammars: their forms, and what parsers and scanners for them are made of."""
