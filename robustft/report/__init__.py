"""The report of a run: one HTML file made from what lies in its folder; no model is needed."""
