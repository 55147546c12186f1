"""The commands of `python -m models_service`, one module each: `add_arguments(parser)` and `run(args)`."""
