"""What is counted and measured, for Prometheus; docs/operating.md says what each metric means."""

from .exposition import Metrics

__all__ = ["Metrics"]
