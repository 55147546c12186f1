"""The arithmetic: released records in, estimates, intervals and figures out. Imports nothing of ours."""
