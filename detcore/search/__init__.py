"""Search for settings: a space over any experiment, trials pruned, a study that resumes."""
