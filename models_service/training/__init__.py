"""Training critics: any causal language model by supervised fine-tuning, the shipped one from nothing (`small`)."""
