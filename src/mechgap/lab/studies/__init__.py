"""Studies: many trainings, measured alike and compared, from one file each."""
