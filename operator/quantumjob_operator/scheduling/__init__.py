"""When something is done and in which order: back-off, poll intervals, fair queues, rate limits, the work queue.

Only `work_queue` and `rate_limiter` wait, and only on the event loop. What is done when its time comes lives elsewhere.
"""
