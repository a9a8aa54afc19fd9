"""The way of a frame: stages in threads of their own, queues between them, a watchdog over them."""

from realtime.pipeline.keeper import BankKeeper
from realtime.pipeline.queues import BoundedQueue, Policy
from realtime.pipeline.run import Pipeline
from realtime.pipeline.stages import Stage, StageError

__all__ = ["BankKeeper", "BoundedQueue", "Pipeline", "Policy", "Stage", "StageError"]
