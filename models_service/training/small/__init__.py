"""Training a two-million-parameter critic from nothing on one CPU thread, on problems whose truth an oracle knows."""
