"""Studies that were never run: simulation, and the power and coverage it shows."""
