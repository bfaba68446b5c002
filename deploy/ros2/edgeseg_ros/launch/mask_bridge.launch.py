"""Starts the node mask_bridge with a parameter file."""

import os

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description():
    """Return the launch description: one node, its parameters from the file of the argument `params`."""
    default = os.path.join(get_package_share_directory("edgeseg_ros"), "config", "mask_bridge.yaml")
    return LaunchDescription(
        [
            DeclareLaunchArgument("params", default_value=default, description="Parameter file of mask_bridge."),
            Node(
                package="edgeseg_ros",
                executable="mask_bridge",
                name="mask_bridge",
                output="screen",
                parameters=[LaunchConfiguration("params")],
            ),
        ]
    )
