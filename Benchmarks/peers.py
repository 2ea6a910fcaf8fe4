"""Runs another tool on given tokens, and prints the seconds that it solves; or makes the tokens of a text."""

import sys
import time

import torch
from safetensors.torch import load_file, save_file


def make_tokens(model, text, output):
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(model)(open(text).read(), add_special_tokens=False)["input_ids"]
    save_file({"input_ids": torch.tensor(ids, dtype=torch.int32)}, output)


def gptqmodel(model, windows, output, group):
    from gptqmodel import GPTQModel, QuantizeConfig

    quantized = GPTQModel.load(model, QuantizeConfig(bits=4, group_size=group), device="cpu")
    start = time.time()
    quantized.quantize(
        [{"input_ids": w[None], "attention_mask": torch.ones(1, len(w), dtype=torch.long)} for w in windows],
        batch_size=1,
    )
    print(f"seconds {time.time() - start:.1f}")


def llmcompressor(model, windows, output, group):
    from datasets import Dataset
    from llmcompressor import oneshot
    from llmcompressor.modifiers.gptq import GPTQModifier
    from transformers import AutoModelForCausalLM

    weights = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": group}
    recipe = GPTQModifier(config_groups={"group_0": {"targets": ["Linear"], "weights": weights}}, ignore=["lm_head"])
    data = Dataset.from_dict({"input_ids": [w.tolist() for w in windows]})
    dense = AutoModelForCausalLM.from_pretrained(model, dtype=torch.bfloat16)
    start = time.time()
    oneshot(
        model=dense, dataset=data, recipe=[recipe], max_seq_length=len(windows[0]),
        num_calibration_samples=len(windows),
    )
    print(f"seconds {time.time() - start:.1f}")


if sys.argv[1] == "tokens":
    make_tokens(*sys.argv[2:])
else:
    tool, model, tokens, output, samples, length, group = sys.argv[1:]
    ids = load_file(tokens)["input_ids"].long().flatten()
    windows = [ids[i * int(length) : (i + 1) * int(length)] for i in range(int(samples))]
    {"gptqmodel": gptqmodel, "llmcompressor": llmcompressor}[tool](model, windows, output, int(group))
