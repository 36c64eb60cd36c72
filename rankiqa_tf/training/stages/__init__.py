"""The stages of training: rank, fine-tune on human scores, or both at once."""

from rankiqa_tf.training.stages.finetuning import finetune
from rankiqa_tf.training.stages.joint import rank_and_finetune
from rankiqa_tf.training.stages.preparation import start
from rankiqa_tf.training.stages.ranking import rank

__all__ = ["finetune", "rank", "rank_and_finetune", "start"]
