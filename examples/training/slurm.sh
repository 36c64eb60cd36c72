#!/usr/bin/env bash
# Trains one model on two nodes of a SLURM cluster. Not run by us: there was none where
# this was written; two processes on one machine were (docs/scale.md).
#
#   sbatch examples/training/slurm.sh
#
#SBATCH --job-name=rankiqa
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
set -euo pipefail

port=$((20000 + SLURM_JOB_ID % 20000))
names=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed "s/.*/\"&:$port\"/" | paste -sd,)
export names

# A worker that dies makes the others exit with 75, and srun with the highest code of all:
# then all are started again. (A node that dies ends the job: requeue it.)
for attempt in 1 2 3 4 5; do
  code=0
  # shellcheck disable=SC2016 # SLURM_PROCID is each task's own.
  srun --kill-on-bad-exit=0 bash -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$names]},
      \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec python -m rankiqa_tf.train --flagfile=configs/rank_live_lite0.cfg \
      --photos=photos --strategy=multi_worker --workdir=runs/first' || code=$?
  case $code in
    0 | 2) exit "$code" ;; # Done; or wrong flags, which no second attempt mends.
  esac
  echo "attempt $attempt ended with $code; all go on from the last checkpoint" >&2
done
exit 1
