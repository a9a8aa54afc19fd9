"""Progressive evaluation: answer every sample before learning from it, on streams as they come."""
