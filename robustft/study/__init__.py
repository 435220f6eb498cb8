"""Studies: grids of runs from a recipe, and what they came to."""
