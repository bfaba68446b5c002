"""gpu.sh with a trainer that stands in for the real one: what it leaves when it ends, and when it is stopped."""
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = pathlib.Path(__file__).parents[1] / "gpu.sh"
TRAINER = """#!/bin/bash
[ "$2" = edgeseg_training ] || exit 0
[ "$3" = train ] || exit 0
while [ $# -gt 0 ]; do [ "$1" != --out ] || out=$2; shift; done
mkdir -p "$out"
save() { echo weights > "$out/weights-fp16.pt"; exit 0; }
%s
touch "$STARTED"
for ((i = 0; i < 600; i++)); do sleep 0.1; done
"""


def start(tmp_path, body: str, **environment):
    python = tmp_path / "python"
    python.write_text(TRAINER % body)
    python.chmod(0o755)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/train-0.tar.gz").touch()
    (tmp_path / "start.pt").touch()
    return subprocess.Popen(
        ["bash", SCRIPT, "1", "data", "start.pt"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "EDGESEG_PYTHON": "./python", "OUT": "out", "STARTED": str(tmp_path / "started"), **environment})


def test_paths_are_those_of_the_folder_where_the_command_is_given(tmp_path):
    run = start(tmp_path, "save")
    text = run.communicate(timeout=120)[0]
    assert run.returncode == 0, text
    assert (tmp_path / "out/weights-fp16.pt").read_text() == "weights\n"


@pytest.mark.skipif(sys.platform != "linux", reason="signals of a shell")
def test_a_run_that_is_stopped_leaves_the_weights_that_the_training_saves_last(tmp_path):
    run = start(tmp_path, "trap save TERM")
    for _ in range(600):
        if (tmp_path / "started").exists():
            break
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    text = run.communicate(timeout=120)[0]
    assert run.returncode == 130, text
    assert (tmp_path / "out/weights-fp16.pt").read_text() == "weights\n"


def test_what_is_missing_is_named(tmp_path):
    (tmp_path / "data").mkdir()
    for arguments, words in ((["1", "none"], "there is no folder"), (["x"], "give the minutes"), (["1", "data"], "holds no train-")):
        run = subprocess.run(["bash", SCRIPT, *arguments], cwd=tmp_path, text=True, capture_output=True, timeout=120)
        assert run.returncode == 2 and words in run.stderr, run.stderr
