"""The scheduler: filters, scores, preemption and the messages of kube-scheduler's default profile."""

from cloudwright.twin.scheduler.scheduler import Scheduler

__all__ = ["Scheduler"]
