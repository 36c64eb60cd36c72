"""The stages of training: rank, and fine-tune on human scores."""

from rankiqa_tf.training.stages.finetuning import check_memory
from rankiqa_tf.training.stages.finetuning import finetune
from rankiqa_tf.training.stages.preparation import start
from rankiqa_tf.training.stages.ranking import keeps_order
from rankiqa_tf.training.stages.ranking import make_check
from rankiqa_tf.training.stages.ranking import rank

__all__ = ["check_memory", "finetune", "keeps_order", "make_check", "rank", "start"]
