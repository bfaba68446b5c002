"""The ROS 2 node: mask messages over MQTT to sensor_msgs/Image and vision_msgs/Detection2DArray."""

import time
from dataclasses import dataclass
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image
from vision_msgs.msg import Detection2D, Detection2DArray, ObjectHypothesisWithPose

from edgeseg_ros import names, ros_messages
from edgeseg_ros.inbox import Inbox
from edgeseg_ros.mask_message import MaskError, parse
from edgeseg_ros.mqtt_source import Broker, MqttSource

PERIOD_S = 0.005
"""How often the queue is emptied: adds at most this much latency."""

WARNING_PERIOD_S = 10.0
"""Warnings of one kind are logged at most this often."""

PARAMETERS = {
    "host": "127.0.0.1",
    "port": 0,
    "username": "",
    "password_file": "",
    "tls": False,
    "ca_file": "",
    "cert_file": "",
    "key_file": "",
    "client_id": "",
    "topic_prefix": "edgeseg",
    "device": "+",
    "include_tracks": False,
    "frame_id": "",
    "class_id": "object",
    "use_arrival_time": False,
    "queue_size": 16,
}


@dataclass(frozen=True)
class CameraPublishers:
    """The ROS publishers of one camera."""

    mask: Any
    detections: Any


class MaskBridge(Node):
    """Publishes `~/<camera>/mask` and `~/<camera>/detections`; with the device's name before the camera's for device "+"."""

    def __init__(self):
        """Declare the parameters and connect.

        Raises ValueError or OSError when a parameter or a file that it names cannot be used.
        """
        super().__init__("mask_bridge")
        values = {name: self.declare_parameter(name, default).value for name, default in PARAMETERS.items()}
        self._values = values
        self._cameras = {}
        self._warned = {}
        self._dropped = 0
        self._inbox = Inbox(values["queue_size"])
        filters = names.mqtt_filters(values["topic_prefix"], values["device"], values["include_tracks"])
        broker = Broker(**{name: values[name] for name in Broker.__dataclass_fields__})
        self._source = MqttSource(broker, filters, self._received, lambda line: self.get_logger().info(line))
        self._timer = self.create_timer(PERIOD_S, self.publish_waiting)
        self._source.start()

    def _received(self, topic, payload):
        self._inbox.put((payload, self.get_clock().now().nanoseconds))

    def publish_waiting(self):
        """Publish what has come since the last call."""
        items, dropped = self._inbox.take()
        self._dropped += dropped
        if self._dropped and self._warn("dropped", f"{self._dropped} masks were dropped: they came faster than they could be published"):
            self._dropped = 0
        for payload, arrived_ns in items:
            try:
                self._publish(parse(payload), arrived_ns)
            except MaskError as error:
                self._warn("ignored", f"a message was ignored: {error}")

    def _publish(self, reading, arrived_ns):
        publishers = self._publishers(reading)
        if publishers is None:
            return
        if not reading.clock_synced and not self._values["use_arrival_time"]:
            line = f"the clock of {reading.device} is not synchronised: stamps may be wrong (use_arrival_time: true)"
            self._warn("clock", line)
        stamp_ns = arrived_ns if self._values["use_arrival_time"] else reading.captured_ns
        detections = Detection2DArray()
        ros_messages.header_stamp(detections.header.stamp, stamp_ns)
        detections.header.frame_id = self._values["frame_id"] or reading.camera
        if reading.mask is None:
            line = f"a mask of {reading.camera} was left out by the device (too large): only its box is published"
            self._warn("left out", line)
        else:
            image = Image()
            image.header = detections.header
            publishers.mask.publish(ros_messages.fill_image(image, reading))
        class_id = self._values["class_id"]
        ros_messages.fill_detections(detections, reading, Detection2D, ObjectHypothesisWithPose, class_id)
        publishers.detections.publish(detections)

    def _publishers(self, reading):
        key = (reading.device, reading.camera)
        if key not in self._cameras:
            if len(self._cameras) >= names.MAX_CAMERAS:
                line = f"more than {names.MAX_CAMERAS} cameras: {reading.device}/{reading.camera} is ignored; set device"
                self._warn("cameras", line)
                return None
            base = names.camera_namespace(*key, self._values["device"] == "+")
            self._cameras[key] = CameraPublishers(
                self.create_publisher(Image, f"{base}/mask", 10),
                self.create_publisher(Detection2DArray, f"{base}/detections", 10),
            )
        return self._cameras[key]

    def _warn(self, kind, line):
        """Log a warning unless one of its kind was logged within WARNING_PERIOD_S; return whether it was logged.

        The throttle of rclpy goes by the line of code that logs: here all kinds would share it.
        """
        now = time.monotonic()
        if now - self._warned.get(kind, -WARNING_PERIOD_S) < WARNING_PERIOD_S:
            return False
        self._warned[kind] = now
        self.get_logger().warning(line)
        return True

    def destroy_node(self):
        """Disconnect from the broker and destroy the node."""
        self._source.stop()
        return super().destroy_node()


def main(args=None):
    """Run the node until it is shut down."""
    rclpy.init(args=args)
    node = None
    try:
        node = MaskBridge()
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
