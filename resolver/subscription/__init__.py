"""What was kept of other nodes' answers ends when they change (`proto/subscription.py`).

    teller     at the node whose records change: answers subscriptions
    keeping    at the node that keeps answers: subscribes where they came from, and forgets what has changed
"""
