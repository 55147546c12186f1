"""Who may do what, how cells are dealt, how quotes are counted and what a judgement needs. Nothing here writes."""
