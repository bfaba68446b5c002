"""The connection to the broker: subscribes, reconnects by itself, hands payloads on. Needs paho-mqtt, no ROS."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List

import paho.mqtt.client as mqtt

RECONNECT_MAX_S = 30
"""Longest wait between two attempts to connect; the first is 1 s, doubled each time."""


@dataclass(frozen=True)
class Broker:
    """Where the broker is and how to log in; paths and names may be empty."""

    host: str
    port: int = 0
    username: str = ""
    password_file: str = ""
    tls: bool = False
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    client_id: str = ""

    @property
    def effective_port(self):
        """The port; 0 stands for 1883, or 8883 with TLS."""
        return self.port or (8883 if self.tls else 1883)


class MqttSource:
    """Subscribes to filters on a broker. Callbacks run on the client's own thread."""

    def __init__(self, broker: Broker, filters: List[str], received: Callable[[str, bytes], None], log: Callable[[str], None]):
        """Prepare the client; `received` gets topic and payload, `log` lines for people.

        Raises OSError or ValueError when a file of the broker's settings cannot be used.
        """
        self._broker = broker
        self._filters = filters
        self._received = received
        self._log = log
        self._last = ""
        name = broker.client_id or f"edgeseg-ros-{uuid.uuid4().hex[:12]}"
        if hasattr(mqtt, "CallbackAPIVersion"):
            self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION1, client_id=name)
        else:
            self._client = mqtt.Client(client_id=name)
        if broker.username:
            password = Path(broker.password_file).read_text(encoding="utf-8-sig").strip("\r\n") if broker.password_file else None
            self._client.username_pw_set(broker.username, password)
        if broker.tls:
            self._client.tls_set(broker.ca_file or None, broker.cert_file or None, broker.key_file or None)
        self._client.reconnect_delay_set(1, RECONNECT_MAX_S)
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = lambda client, data, message: self._received(message.topic, message.payload)

    def start(self):
        """Connect in the background; an absent broker is tried again until it answers."""
        self._client.connect_async(self._broker.host, self._broker.effective_port, keepalive=15)
        self._client.on_connect_fail = lambda client, data: self._say("cannot be reached")
        self._client.loop_start()

    def stop(self):
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client, data, flags, code):
        if code != 0:
            self._say(f"refuses the connection: {mqtt.connack_string(code)}")
            return
        self._say("connected")
        client.subscribe([(topic, 0) for topic in self._filters])

    def _subscribed(self, client, data, message_id, granted):
        refused = [topic for topic, qos in zip(self._filters, granted) if int(qos) >= 128]
        if refused:
            self._say(f"refuses the subscription to {', '.join(refused)}: its access list must allow it")

    def _disconnected(self, client, data, code):
        if code != 0:
            self._say("connection lost")

    def _say(self, what):
        """Log a change of state once, however often it is tried again."""
        if what == self._last:
            return
        self._last = what
        self._log(f"broker {self._broker.host}:{self._broker.effective_port}: {what}")
