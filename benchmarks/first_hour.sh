#!/usr/bin/env bash
# Walks through the project as five newcomers would, in fresh environments, and prints
# each command, its seconds, its exit code and its last lines.
#
#   bash benchmarks/first_hour.sh > first_hour.txt
#
# It takes about 15 minutes on 2 cores. TID2013 cannot be passed on: the researcher's is
# made of the package's photos in its layout, which shows that the commands work, and no
# figure of TID2013.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
work=$(mktemp -d "${TMPDIR:-/tmp}/rankiqa-first-hour.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

walk() { printf '\n## %s\n\n' "$*"; }

# Runs a command line; prints it, how long it took, how it ended, and its last lines.
run() {
  local start end code
  start=$(date +%s.%N)
  bash -c "$1" >"$work/out" 2>&1 </dev/null
  code=$?
  end=$(date +%s.%N)
  printf '$ %s\n' "$1"
  grep -v '^WARNING' "$work/out" | tail -n "${2:-3}" | cut -c1-160 | sed 's/^/    /'
  printf '# %.1f s, exit code %d\n\n' "$(echo "$end - $start" | bc)" "$code"
}

walk "Someone with a folder of photos"
git clone -q "$root" rankiqa-tf
cd rankiqa-tf
cp -r rankiqa_tf/assets/photos ../photos
rm ../photos/sources.csv
run "python3 -m venv .venv && .venv/bin/pip install -q ."
export PATH=$PWD/.venv/bin:$PATH
run "rankiqa-score ../photos --sort=worst_first" 4
run "rankiqa-score -h" 2
run "rankiqa-score ../photos --wrost=3"
run "rankiqa-score ../photo"
echo "not a photo" >../photos/broken.jpg
run "rankiqa-score ../photos --worst=2 --report=../page.html --map=../maps"
rm ../photos/broken.jpg
run "python -c 'import rankiqa_tf; print(rankiqa_tf.load().score(\"../photos/dog.jpg\"))'"

walk "A researcher with TID2013 on disk"
mkdir ../few && cp $(ls ../photos/*.jpg | head -6) ../few
run "rankiqa-distort --preset=tid2013 --crop=160 --input=../few --output=../set"
python - <<'P'
# The set in TID2013's layout, a folder deeper, as its archive has it.
import random
import shutil
from pathlib import Path

from PIL import Image

from distortions.sets import ranked_set
from rankiqa_tf.datasets.opinion_table import MEAN_OPINIONS

random.seed(0)
place = Path("../TID2013/tid2013/distorted_images")
place.mkdir(parents=True)
lines, references = [], {}
for image in ranked_set.load(Path("../set")).images:
    if image.number is not None:
        reference = references.setdefault(image.content, len(references) + 1)
        name = f"i{reference:02}_{image.number:02}_{image.level}.bmp"
        Image.open(Path("../set") / image.file).convert("RGB").save(place / name)
        opinion = MEAN_OPINIONS[image.number][image.level - 1] + random.gauss(0, 0.3)
        lines.append(f"{opinion:.5f} {name}\n")
(place.parent / "mos_with_names.txt").write_text("".join(lines))
P
run "rankiqa-evaluate --dataset=tid2013"
run "rankiqa-evaluate --dataset=tid2013 --data_dir=../TID2013 --report=../tid2013.html" 4
small="--network=shallow --levels=all --init=random --scoring_crop_size=0 --crop_size=0"
run "rankiqa-benchmark --flagfile=configs/finetune_csv.cfg $small --preset=tid2013 --dataset=tid2013 --data_dir=../TID2013 --photos=../few --splits=2 --workdir=../tables"
run "rankiqa-benchmark --flagfile=configs/finetune_csv.cfg $small --preset=tid2013 --dataset=tid2013 --data_dir=../TID2013 --photos=../few --splits=2 --rank_steps=20 --warmup_steps=2 --workdir=../tables" 1

walk "An engineer with an app"
run "rankiqa-export --output=../exported --formats=tflite,tflite_int8"
run "python3 -m venv ../small && ../small/bin/pip install -q --no-deps . && ../small/bin/pip install -q ai-edge-litert numpy pillow absl-py"
run "../small/bin/rankiqa-score --model=../exported/model.tflite ../photos --worst=2"
run "../small/bin/rankiqa-score --model=../exported/model_int8.tflite ../photos --worst=2"

walk "A site that serves scores"
(rankiqa-serve --rest_port=8517 >../serve.txt 2>&1 & echo $! >../serve.pid)
run "until curl -s http://127.0.0.1:8517/v1/models/rankiqa; do sleep 0.2; done"
run "echo '{\"instances\": [{\"b64\": \"'\$(base64 -w0 ../photos/dog.jpg)'\"}]}' | curl -s http://127.0.0.1:8517/v1/models/rankiqa:predict -d @-" 8
kill "$(cat ../serve.pid)"

walk "A maintainer"
run ".venv/bin/pip install -q -e '.[test]'"
run "python -m pytest -q tests/test_extensions.py" 1
run "python -m pytest -q tests/test_distortions.py tests/test_models.py tests/test_every_data_set.py -n 2" 1
run "ruff check . && ruff format --check . && mypy" 2
run "mkdocs build --strict --quiet --site-dir ../site" 0
