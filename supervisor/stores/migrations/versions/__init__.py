"""The steps. Each stands for itself, and stays as it is once it was released."""
