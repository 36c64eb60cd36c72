"""The stages of training: rank, fine-tune on human scores, or both at once."""

from rankiqa_tf.stages.beginning import start
from rankiqa_tf.stages.finetuning import finetune
from rankiqa_tf.stages.joint import rank_and_finetune
from rankiqa_tf.stages.ranking import rank
from rankiqa_tf.stages.split import Split

__all__ = ["Split", "finetune", "rank", "rank_and_finetune", "start"]
