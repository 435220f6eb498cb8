"""Models by name or folder, the built-in tiny BERT, devices."""
