"""The science of the models, without a database: text in, critiques and probabilities out."""
