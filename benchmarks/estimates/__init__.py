"""What the estimates do on simulated worlds with known effects, in parts; ``Row`` is a line of any such table."""

from benchmarks.estimates.table import Row

__all__ = ["Row"]
