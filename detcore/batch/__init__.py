"""Files for batch systems: from a checked description of a job to text, and to the queue."""
