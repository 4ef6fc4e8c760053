"""Fast simulation of the ALICE Zero Degree Calorimeters."""
