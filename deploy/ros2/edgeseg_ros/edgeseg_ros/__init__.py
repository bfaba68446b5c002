"""Masks of EdgeSeg devices as ROS 2 messages."""
