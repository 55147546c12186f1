"""One module a command of `python -m findings`, each with `add_arguments` and `run`, whose docstring is its help."""
