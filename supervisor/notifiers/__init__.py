"""The ways to reach an operator."""
