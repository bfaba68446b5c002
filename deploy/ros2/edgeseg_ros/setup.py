"""Installs the package with colcon (ament_python)."""

from glob import glob

from setuptools import setup

PACKAGE = "edgeseg_ros"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=[PACKAGE],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config", glob("config/*.yaml")),
    ],
    install_requires=["setuptools", "numpy", "paho-mqtt"],
    zip_safe=True,
    maintainer="The EdgeSeg authors",
    maintainer_email="edgeseg@localhost.localdomain",
    description="Masks of EdgeSeg devices as ROS 2 messages.",
    license="Apache-2.0",
    tests_require=["pytest"],
    entry_points={"console_scripts": ["mask_bridge = edgeseg_ros.mask_bridge:main"]},
)
