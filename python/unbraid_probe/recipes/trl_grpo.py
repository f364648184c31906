"""A bank from one step of TRL's GRPOTrainer, with a tiny random model and a tokenizer made here. Nothing is downloaded.

TRL has no public hook with the completions and their advantages, so a subclass reads them in `compute_loss`.
The trainer makes a folder `trainer_output` in the current folder.

python recipes/trl_grpo.py trl_grpo.safetensors
"""

import sys

import torch
import transformers
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from unbraid_probe import Sample, causal_log_prob, probe

torch.manual_seed(1)
torch.set_num_threads(1)
words = ["<pad>", "<end>", "make", "the", "apple", "egg", "hot", "cold", ":", "heat", "cool"]
plain = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<pad>"))
plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", eos_token="<end>", padding_side="left")
sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
config = LlamaConfig(**sizes, vocab_size=len(words), eos_token_id=1, pad_token_id=0)


class ProbingTrainer(trl.GRPOTrainer):
    """Saves a bank of the completions of the first step, before its update."""

    def compute_loss(self, model, inputs, *args, **kwargs):
        if self.state.global_step == 0:
            save(self.accelerator.unwrap_model(model).eval(), inputs)
            model.train()
        return super().compute_loss(model, inputs, *args, **kwargs)


def save(model, inputs):
    keys, samples, groups = ("prompt_ids", "prompt_mask", "completion_ids", "completion_mask", "advantages"), [], {}
    for prompt, is_prompt, completion, is_completion, advantage in zip(*(inputs[key] for key in keys), strict=True):
        ids = prompt[is_prompt.bool()].tolist(), completion[is_completion.bool()].tolist()
        state, action = (tokenizer.decode(part) for part in ids)
        group, label = groups.setdefault(state, len(groups)), ("unknown", "good", "bad")[int(advantage.sign())]
        samples.append(Sample(state, action, *ids, state, label, group, float(advantage)))
    bank = probe(model, samples, causal_log_prob(tokenizer))
    print(f"{len(samples)} completions, {len(bank.layers)} parameters", *bank.notes, sep="\n")
    path = sys.argv[1] if len(sys.argv) > 1 else "bank.safetensors"
    bank.save(path)


def reward(prompts, completions, **kwargs):
    return [float(("heat" if "hot" in p else "cool") in c) for p, c in zip(prompts, completions, strict=True)]


data = Dataset.from_dict({"prompt": [f"make the {x} {y} :" for x in ("apple", "egg") for y in ("hot", "cold")]})
options = {"use_cpu": True, "bf16": False, "max_steps": 1, "report_to": [], "save_strategy": "no"}
settings = trl.GRPOConfig(per_device_train_batch_size=16, num_generations=4, max_completion_length=6, **options)
ProbingTrainer(LlamaForCausalLM(config), reward, settings, data, processing_class=tokenizer).train()
print(f"torch {torch.__version__}, transformers {transformers.__version__}, trl {trl.__version__}")
