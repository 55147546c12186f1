"""What labelers found, rated and agreed on, with and without assistance."""
