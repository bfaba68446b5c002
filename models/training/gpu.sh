#!/usr/bin/env bash
# Trains the main recipe on a CUDA GPU for a stated number of minutes; evaluates; leaves a checkpoint of at most 16 MiB.
#
#   bash models/training/gpu.sh MINUTES [DATA] [START]
#
# MINUTES  of training; reading the data, starting and evaluating take about two more
# DATA     folder of shards made by `data pack` (default: models/training/gpu/data)
# START    checkpoint to train from (default: models/training/gpu/start.pt; the shipped one: models/training/start/squeezesam-fp16.pt)
#
# Results are written to $OUT (default: models/training/gpu/out): weights-fp16.pt, log.jsonl, curves.png, overlays, evaluation.json.
# EDGESEG_PYTHON names the Python, EDGESEG_DEVICE=cpu tries the script without a GPU, EDGESEG_RECIPE names another recipe,
# EDGESEG_LIMIT the number of photographs to evaluate (default: all).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "error: $*" >&2; exit 2; }

# what is named is a path from where the command is given; the defaults lie beside this script
minutes=${1:-}
data=$(realpath -m -- "${2:-$here/gpu/data}")
start=$(realpath -m -- "${3:-$here/gpu/start.pt}")
out=$(realpath -m -- "${OUT:-$here/gpu/out}")
recipe=$(realpath -m -- "${EDGESEG_RECIPE:-$here/recipes/squeezesam.toml}")
python=${EDGESEG_PYTHON:-python3}
[[ "$python" != */* ]] || python=$(realpath -s -- "$python")
device=${EDGESEG_DEVICE:-cuda}
cd "$here"

[[ "$minutes" =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "give the minutes of training, for example: bash models/training/gpu.sh 8"
[ -d "$data" ] || fail "there is no folder $data. Make it: python3 -m edgeseg_training data pack $recipe --out $data"
compgen -G "$data/train-*.tar*" >/dev/null ||
    fail "$data holds no train-*.tar.gz. Make them: python3 -m edgeseg_training data pack $recipe --out $data"
[ -f "$start" ] || fail "there is no checkpoint $start. Copy one there, or name it as the third argument."

# what is missing is found in a second, not after the data are read
"$python" - "$device" <<'PYTHON' || fail "install what is missing: pip install torch numpy opencv-python-headless"
import importlib, sys
missing = []
for name in ("torch", "numpy", "cv2"):
    try:
        importlib.import_module(name)
    except ImportError as error:
        missing.append(f"{name} ({error})")
if missing:
    sys.exit("missing: " + ", ".join(missing))
import torch
if sys.version_info < (3, 11):
    sys.exit("Python 3.11 or later is needed")
if sys.argv[1] == "cuda":
    if not torch.cuda.is_available():
        sys.exit(f"torch {torch.__version__} finds no CUDA device")
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name(0)}", flush=True)
PYTHON

export EDGESEG_DATA=$data PYTHONUNBUFFERED=1
mkdir -p "$out"
# the run's own checkpoint is large: it stays outside $OUT
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

"$python" -m edgeseg_training train "$recipe" --device "$device" --start "$start" --budget-minutes "$minutes" \
    --evaluate-photos 0 --out "$run/train" &
training=$!
# copied as it goes, so that a run that is cut short leaves its results too
keep() {
    local file
    for file in "$run"/train/log.jsonl "$run"/train/curves.png "$run"/train/weights-fp16.pt "$run"/train/overlays-*.jpg; do
        if [ -f "$file" ]; then cp -f "$file" "$out/.part" && mv -f "$out/.part" "$out/${file##*/}"; fi
    done
}
# a training that is stopped writes its weights before it ends
trap 'kill -TERM $training 2>/dev/null || true; wait $training || true; keep; exit 130' INT TERM
while kill -0 $training 2>/dev/null; do
    sleep 3
    keep
done
wait $training || fail "the training failed; its messages are above"
keep

size=$(stat -c %s "$out/weights-fp16.pt")
[ "$size" -le $((16 * 1024 * 1024)) ] || fail "the checkpoint has $size bytes; at most 16 MiB were wanted"
if compgen -G "$data/dev.tar*" >/dev/null; then
    for file in "$data"/dev.tar*; do
        "$python" -m edgeseg_training evaluate "$out/weights-fp16.pt" --data "$file" --limit "${EDGESEG_LIMIT:-0}" \
            --json "$out/evaluation.json"
    done
fi
echo "checkpoint: $out/weights-fp16.pt ($size bytes)"
