"""The node with stand-ins for ROS: what it publishes, and its connection to a real broker."""

import array as arrays
import importlib
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fake_ros  # noqa: E402

pytest.importorskip("paho.mqtt.client")

LIMIT_S = 120
"""After this long without the awaited condition a test fails; the conditions come within a second on an idle machine."""


@pytest.fixture
def bridge(monkeypatch):
    """Return a function that makes a node with these parameters and stops it after the test."""
    fake_ros.install(monkeypatch)
    module = importlib.import_module("edgeseg_ros.mask_bridge")
    nodes = []

    def make(**parameters):
        monkeypatch.setattr(fake_ros.Node, "overrides", {"port": 1, **parameters})
        nodes.append(module.MaskBridge())
        return nodes[-1]

    yield make
    for node in nodes:
        node.destroy_node()


@pytest.fixture
def broker():
    """Return a function that starts mosquitto on one port, and the port."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    running = []

    def start():
        running.append(subprocess.Popen([program, "-p", str(port)], stderr=subprocess.DEVNULL))
        return running[-1]

    yield start, port
    for process in running:
        process.kill()
        process.wait()


def until(condition, what):
    """Wait until the condition holds."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"not within {LIMIT_S} s: {what}"
        time.sleep(0.02)


def images(node, topic):
    """Return the images published on a topic."""
    return node.published.get((fake_ros.Image, topic), [])


def detections(node, topic):
    """Return the detection arrays published on a topic."""
    return node.published.get((fake_ros.Detection2DArray, topic), [])


def test_a_mask_becomes_an_image_and_a_detection(bridge, payloads, bitmap):
    """Pixels, sizes, stamp, frame, box and score of the message are those of the device."""
    node = bridge()
    node._received("t", payloads["chelsea"])
    node.publish_waiting()
    raw = json.loads(payloads["chelsea"])
    (image,) = images(node, "~/robot_7/front/mask")
    assert (image.width, image.height, image.step, image.encoding) == (451, 300, 451, "mono8")
    expected = (bitmap("chelsea") * 255).astype("uint8").tobytes()
    assert bytes(image.data) == expected
    # anything else is checked element by element by the generated message class
    assert isinstance(image.data, arrays.array)
    assert image.data.typecode == "B"
    assert (image.header.stamp.sec, image.header.stamp.nanosec) == (1_795_964_542, 219_728_400)
    assert image.header.frame_id == "front"
    (array,) = detections(node, "~/robot_7/front/detections")
    (detection,) = array.detections
    left, top, width, height = raw["box"]
    centre = detection.bbox.center.position
    assert (centre.x, centre.y) == (left + width / 2, top + height / 2)
    assert (detection.bbox.size_x, detection.bbox.size_y) == (width, height)
    assert detection.id == raw["id"]
    assert detection.results[0].hypothesis.class_id == "object"
    assert detection.results[0].hypothesis.score == raw["score"]
    assert array.header.stamp == detection.header.stamp == image.header.stamp


def test_no_object_is_an_empty_image_and_an_empty_array(bridge, payloads):
    """A consumer receives a message of every frame, also of one without an object."""
    node = bridge(device="robot-7", frame_id="camera_link", use_arrival_time=True)
    node._received("t", payloads["plain"])
    node.publish_waiting()
    (image,) = images(node, "~/front/mask")
    assert bytes(image.data) == bytes(160 * 120)
    assert (image.header.stamp.sec, image.header.stamp.nanosec) == (5, 7)
    assert image.header.frame_id == "camera_link"
    (array,) = detections(node, "~/front/detections")
    assert array.detections == []


def test_bad_messages_and_an_overflow_are_logged_and_the_node_goes_on(bridge, payloads):
    """The newest messages survive a burst; what is no message is named."""
    node = bridge(queue_size=2)
    for payload in [payloads["coffee"], b"no message", payloads["chelsea"]]:
        node._received("t", payload)
    node.publish_waiting()
    assert len(images(node, "~/robot_7/front/mask")) == 1
    assert any("1 masks were dropped" in line for line in node.lines)
    assert any("a message was ignored: not JSON" in line for line in node.lines)


def test_one_kind_of_warning_hides_no_other_and_no_drop_goes_uncounted(bridge, payloads, monkeypatch):
    """Each kind is logged once a period; masks dropped meanwhile are in the next line about drops."""
    now = [100.0]
    monkeypatch.setattr("edgeseg_ros.mask_bridge.time", SimpleNamespace(monotonic=lambda: now[0]))
    node = bridge(queue_size=1)
    unsynchronised = json.dumps({**json.loads(payloads["plain"]), "clock_synced": False}).encode()

    def burst(drops, payload):
        for _ in range(drops + 1):
            node._received("t", payload)
        node.publish_waiting()

    def said(part):
        return sum(part in line for line in node.lines)

    burst(2, b"no message")
    burst(3, unsynchronised)
    burst(0, unsynchronised)
    assert (said("2 masks were dropped"), said("masks were dropped")) == (1, 1)
    assert (said("a message was ignored"), said("is not synchronised")) == (1, 1)
    now[0] += 10
    node.publish_waiting()
    assert (said("3 masks were dropped"), said("masks were dropped")) == (1, 2)
    now[0] += 10
    burst(0, b"no message")
    assert (said("a message was ignored"), said("masks were dropped")) == (2, 2)


def test_values_that_no_ros_message_holds_do_not_end_the_node(bridge, payloads):
    """Such a message is named in the log, the next one is published."""
    node = bridge(device="robot-7")
    raw = json.loads(payloads["chelsea"])
    for change in [{"score": 10**400}, {"box": [10**400, 0, 1, 1]}, {"captured_utc": "2038-01-19T03:14:08Z"}, {"id": "\ud800"}]:
        node._received("t", json.dumps({**raw, **change}).encode())
    node._received("t", payloads["chelsea"])
    node.publish_waiting()
    assert any("a message was ignored: the field score" in line for line in node.lines)
    assert len(images(node, "~/front/mask")) == 1


def test_cameras_are_bounded(bridge, payloads):
    """A flood of camera names makes no more publishers than the bound."""
    node = bridge(queue_size=200)
    raw = json.loads(payloads["plain"])
    for number in range(100):
        node._received("t", json.dumps({**raw, "camera": f"cam{number}"}).encode())
    node.publish_waiting()
    assert len(node.published) == 2 * 64
    assert any("more than 64 cameras" in line for line in node.lines)


def test_it_waits_for_a_broker_and_comes_back_after_one_that_restarted(bridge, broker, payloads):
    """Started before the broker, the node receives; after a restart of the broker it receives again."""
    paho = importlib.import_module("paho.mqtt.publish")
    start, port = broker
    node = bridge(port=port, topic_prefix="site/hall", device="robot-7")

    def receives():
        try:
            paho.single("site/hall/v1/robot-7/cam/front/mask", payloads["plain"], port=port)
        except OSError:
            return False
        node.publish_waiting()
        return len(images(node, "~/front/mask")) > 0

    process = start()
    until(receives, "a mask from a broker that was started after the node")
    process.kill()
    process.wait()
    node.published.clear()
    node._cameras.clear()
    start()
    until(receives, "a mask after the restart of the broker")
    assert any("connected" in line for line in node.lines)
