"""Names: MQTT topic filters of masks, and ROS names of devices and cameras. Needs no ROS."""

import re

MAX_CAMERAS = 64
"""Cameras that get publishers; more than a broker with one fleet's robots has on one ROS machine."""


def mqtt_filters(prefix, device, include_tracks):
    """Return the topic filters to subscribe to.

    Raises ValueError when the prefix or the device would widen or break the filter.
    """
    if not prefix or prefix.startswith("/") or prefix.endswith("/") or any(c in prefix for c in "+#\0"):
        raise ValueError(f"topic_prefix {prefix!r}: levels between slashes, without + and #")
    if device != "+" and not re.fullmatch(r"[a-z0-9-]{1,64}", device):
        raise ValueError(f"device {device!r}: an id (a-z, 0-9, -) or +")
    camera = f"{prefix}/v1/{device}/cam/+"
    return [f"{camera}/mask"] + ([f"{camera}/track/+"] if include_tracks else [])


def ros_name(identifier):
    """Return an id of EdgeSeg as one level of a ROS name: a letter first, _ for -."""
    name = identifier.replace("-", "_")
    return name if name[:1].isalpha() else "id_" + name


def camera_namespace(device, camera, all_devices):
    """Return the private namespace of a camera's topics; with the device's name where several devices are received."""
    levels = [device, camera] if all_devices else [camera]
    return "~/" + "/".join(ros_name(level) for level in levels)
