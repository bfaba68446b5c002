"""Stand-ins for the parts of rclpy and of the message packages that the node uses, with the fields of the message definitions."""

import sys
import types
from types import SimpleNamespace


def _header():
    return SimpleNamespace(stamp=SimpleNamespace(sec=0, nanosec=0), frame_id="")


class Image:
    """sensor_msgs/Image; a field that the definition lacks cannot be set."""

    __slots__ = ("header", "height", "width", "encoding", "is_bigendian", "step", "data")

    def __init__(self):
        self.header = _header()


class Detection2DArray:
    """vision_msgs/Detection2DArray."""

    __slots__ = ("header", "detections")

    def __init__(self):
        self.header = _header()
        self.detections = []


class BoundingBox2D:
    """vision_msgs/BoundingBox2D with its vision_msgs/Pose2D."""

    __slots__ = ("center", "size_x", "size_y")

    def __init__(self):
        self.center = SimpleNamespace(position=SimpleNamespace(x=0.0, y=0.0), theta=0.0)


class Detection2D:
    """vision_msgs/Detection2D."""

    __slots__ = ("header", "results", "bbox", "id")

    def __init__(self):
        self.header = _header()
        self.results = []
        self.bbox = BoundingBox2D()


class ObjectHypothesisWithPose:
    """vision_msgs/ObjectHypothesisWithPose."""

    __slots__ = ("hypothesis", "pose")

    def __init__(self):
        self.hypothesis = SimpleNamespace(class_id="", score=0.0)


class Node:
    """rclpy.node.Node: parameters from `overrides`, publishers that keep what they publish, a timer that a test fires."""

    overrides = {}

    def __init__(self, name):
        self.name = name
        self.published = {}
        self.lines = []

    def declare_parameter(self, name, default):
        """Return the parameter; a value of another type than the default is an error, as in rclpy."""
        value = self.overrides.get(name, default)
        assert type(value) is type(default), name
        return SimpleNamespace(value=value)

    def get_logger(self):
        """Return a logger that keeps its lines."""
        return SimpleNamespace(
            info=self.lines.append,
            warning=self.lines.append,
        )

    def get_clock(self):
        """Return a clock that stands still."""
        return SimpleNamespace(now=lambda: SimpleNamespace(nanoseconds=5_000_000_007))

    def create_publisher(self, kind, topic, depth):
        """Return a publisher that keeps its messages in `published`."""
        messages = self.published.setdefault((kind, topic), [])
        return SimpleNamespace(publish=messages.append)

    def create_timer(self, period, callback):
        """Keep the callback for the test to call."""
        return SimpleNamespace(callback=callback, period=period)

    def destroy_node(self):
        """Do nothing."""


def install(monkeypatch):
    """Put the stand-ins where the node imports them from."""
    modules = {
        "rclpy": {},
        "rclpy.executors": {"ExternalShutdownException": type("ExternalShutdownException", (Exception,), {})},
        "rclpy.node": {"Node": Node},
        "sensor_msgs": {},
        "sensor_msgs.msg": {"Image": Image},
        "vision_msgs": {},
        "vision_msgs.msg": {
            "Detection2D": Detection2D,
            "Detection2DArray": Detection2DArray,
            "ObjectHypothesisWithPose": ObjectHypothesisWithPose,
        },
    }
    for name, members in modules.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "edgeseg_ros.mask_bridge", raising=False)
