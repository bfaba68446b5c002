"""Topic filters, ROS names and the bounded queue."""

import pytest

from edgeseg_ros import names
from edgeseg_ros.inbox import Inbox


def test_filters_of_one_device_and_of_all():
    """The filters hold masks alone, and tracks where asked for."""
    assert names.mqtt_filters("edgeseg", "+", False) == ["edgeseg/v1/+/cam/+/mask"]
    assert names.mqtt_filters("site/hall", "arm-1", True) == ["site/hall/v1/arm-1/cam/+/mask", "site/hall/v1/arm-1/cam/+/track/+"]


@pytest.mark.parametrize(("prefix", "device"), [("", "+"), ("a/#", "+"), ("/a", "+"), ("a/", "+"), ("a", "#"), ("a", "x/y"), ("a", "")])
def test_a_prefix_or_device_that_breaks_the_filter_is_refused(prefix, device):
    """Wildcards and empty levels are refused."""
    with pytest.raises(ValueError, match="topic_prefix|device"):
        names.mqtt_filters(prefix, device, False)


def test_ros_names_are_valid():
    """A level begins with a letter and has no hyphen."""
    assert names.camera_namespace("robot-7", "front", False) == "~/front"
    assert names.camera_namespace("robot-7", "0", True) == "~/robot_7/id_0"


def test_the_inbox_keeps_the_newest_and_counts_what_it_dropped():
    """The queue never holds more than its size."""
    inbox = Inbox(3)
    for item in range(5):
        inbox.put(item)
    assert inbox.take() == ([2, 3, 4], 2)
    assert inbox.take() == ([], 0)


def test_an_inbox_without_room_is_refused():
    """A size below 1 is an error of the parameter queue_size."""
    with pytest.raises(ValueError, match="queue_size"):
        Inbox(0)
