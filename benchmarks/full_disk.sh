#!/usr/bin/env bash
# Programs on a disk that is full: each must end with a line that says so, and the same
# command must go on when there is room.
#
#   unshare -m bash benchmarks/full_disk.sh MODEL PHOTOS
#
# MODEL is a small model.keras, PHOTOS a folder of a few small photos. For each program
# prints its last lines and its exit code, first on a full disk (a tmpfs), then with room.
# Must be run by root, who may mount.
set -u
model=$1 photos=$2
disk=$(mktemp -d)
mount -t tmpfs -o size=400k tmpfs "$disk"
trap 'umount "$disk"; rmdir "$disk"' EXIT

run() {
  python -m "$@" 2>&1 | tr '\r' '\n' | grep -v "images/s\|^$" | tail -2 | cut -c1-300
  echo "exit code ${PIPESTATUS[0]}"
}

# Twice: with so much room, and with more.
twice() {
  local room=$1
  shift
  echo "== $1"
  mount -o "remount,size=$room" "$disk"
  run "$@"
  mount -o remount,size=80m "$disk"
  run "$@"
  rm -rf "${disk:?}"/*
}

twice 4k rankiqa_tf.score --quiet "$photos" --output="$disk/scores.csv"
twice 400k distortions.generate --preset=live --distortions=jpeg,white_noise \
  --input="$photos" --output="$disk/set"
twice 700k rankiqa_tf.train --init="$model" --crop_size=64 --stage=rank --preset=live \
  --photos="$photos" --rank_steps=12 --evaluate_every=2 --evaluation_photos=1 \
  --workdir="$disk/run"
twice 60k export --model="$model" --formats=keras,tflite,saved_model --output="$disk/x"
