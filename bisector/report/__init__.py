"""What a journal says, for people and for programs. Nothing here looks anywhere else."""
