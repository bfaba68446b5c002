"""Fills ROS messages from a mask reading.

The message classes are parameters, so that this module imports no ROS and its tests need none.
"""

import array


def header_stamp(stamp, nanoseconds):
    """Set a builtin_interfaces/Time to nanoseconds since 1970; return it."""
    stamp.sec, stamp.nanosec = divmod(nanoseconds, 1_000_000_000)
    return stamp


def fill_image(image, reading):
    """Fill a sensor_msgs/Image with the mask, mono8: 255 on the object, 0 elsewhere; return it."""
    image.height, image.width = reading.height, reading.width
    image.encoding = "mono8"
    image.is_bigendian = 0
    image.step = reading.width
    # the generated message takes an array as it is; of bytes it checks each element
    image.data = array.array("B", reading.mask.tobytes())
    return image


def fill_detections(detections, reading, detection_class, hypothesis_class, class_id):
    """Fill a vision_msgs/Detection2DArray with the reading's object, none where nothing was found; return it.

    Every element carries the header of the array. The box is in pixels of the image; its centre is the middle of
    the box, not the centroid of the mask.
    """
    if not reading.found:
        return detections
    detection = detection_class()
    detection.header = detections.header
    detection.id = reading.id
    left, top, width, height = reading.box
    detection.bbox.center.position.x = left + width / 2
    detection.bbox.center.position.y = top + height / 2
    detection.bbox.center.theta = 0.0
    detection.bbox.size_x = float(width)
    detection.bbox.size_y = float(height)
    hypothesis = hypothesis_class()
    hypothesis.hypothesis.class_id = class_id
    hypothesis.hypothesis.score = reading.score
    detection.results.append(hypothesis)
    detections.detections.append(detection)
    return detections
