"""How models behave on original and on transformed text: predictions, comparisons, verdicts."""
