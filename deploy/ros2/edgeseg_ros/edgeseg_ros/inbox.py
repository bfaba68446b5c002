"""A bounded queue between the MQTT thread and the ROS thread. Needs no ROS."""

import threading
from collections import deque


class Inbox:
    """Keeps the newest `size` items; the oldest are dropped and counted. Any thread may put and take."""

    def __init__(self, size):
        """Keep at most `size` items (at least 1)."""
        if size < 1:
            raise ValueError(f"queue_size {size}: at least 1")
        self._items = deque(maxlen=size)
        self._lock = threading.Lock()
        self._dropped = 0

    def put(self, item):
        """Add an item; drop the oldest when full."""
        with self._lock:
            if len(self._items) == self._items.maxlen:
                self._dropped += 1
            self._items.append(item)

    def take(self):
        """Return all items, oldest first, and how many were dropped since the last call."""
        with self._lock:
            items = list(self._items)
            self._items.clear()
            dropped, self._dropped = self._dropped, 0
            return items, dropped
