"""Fine-tuning: arguments, batches by length, the loop, checkpoints, clean and augmented pairs."""
