"""The loss of the first ranking steps, one by one: does a configuration train at all?

    python -m benchmarks.first_steps --flagfile=configs/paper_live.cfg --stage=rank --init=vgg16_imagenet_convs_float16.npz --rank_steps=14

Trains as the options say, without a folder, and prints a row per step. Use
`--stage=rank` if the flagfile has both stages.
"""  # noqa: E501 - a command is not cut in two.

from absl import app

from rankiqa_tf import config as config_lib
from rankiqa_tf.training import run_data
from rankiqa_tf.training import stages
from rankiqa_tf.training import stopping
from rankiqa_tf.training.stages import ranking
from rankiqa_tf.training.step import Learner

config_lib.define_flags()


def main(argv):
    del argv
    config = config_lib.from_flags()
    versions = run_data.photos_to_rank(config).versions.training
    model = stages.start(config)
    batches = ranking.make_batches(versions, model, config)
    pairs = ranking.make_pairs(versions, config)
    ranking.prepare(model, batches, versions, pairs, config, stop=stopping.never)
    learner = Learner(
        model.network,
        ranking.make_loss(pairs, config),
        config.training,
        steps=config.rank_steps,
        learning_rate=config.rank_learning_rate,
        seed=config.seed,
    )
    learner.begin()
    print("| step | loss | norm of the gradient |\n| ---: | ---: | ---: |")
    steps = batches.dataset(0, config.rank_steps)
    for number, batch in enumerate(steps, start=1):
        logged = learner.step(batch)
        loss, norm = float(logged["loss"]), float(logged["gradient_norm"])
        print(f"| {number} | {loss:.4g} | {norm:.3g} |", flush=True)


if __name__ == "__main__":
    app.run(main)
