#!/usr/bin/env python3
"""Trains the model in Examples/tiny-llama from scratch and writes its folder.

    apt-get install bible-kjv bible-kjv-text
    pip install -r Tools/requirements.txt
    python3 Tools/train-tiny-llama.py --output Examples/tiny-llama

The model is a Llama with 4.6 million parameters, trained on the King James Bible. It is small
enough for a repository and a test suite, and trained well enough that careless quantization to
3 bits visibly harms it. With --evaluate, the script only measures the perplexity of an existing
folder, which can also be a quantized one that transformers loads.
"""

import argparse
import math
import time
from pathlib import Path

import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, Qwen3MoeConfig

import tiny_llama_data as data

WINDOW = 256  # tokens; perplexity is measured, and mostly trained, in windows of this length
MAX_WINDOW = 512
BATCH = 4096  # tokens in a training step


def new_model(tokenizer, experts):
    shape = dict(
        vocab_size=len(tokenizer),
        hidden_size=256,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=4,
        intermediate_size=768,
        rms_norm_eps=1e-5,
        rope_theta=10000.0,
        max_position_embeddings=MAX_WINDOW,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    if experts == 0:
        return AutoModelForCausalLM.from_config(LlamaConfig(**shape))
    mixture = dict(
        num_experts=experts,
        num_experts_per_tok=2,
        moe_intermediate_size=128,
        norm_topk_prob=True,
        head_dim=32,
        output_router_logits=True,  # for the loss that balances the experts
        router_aux_loss_coef=0.001,
    )
    return AutoModelForCausalLM.from_config(Qwen3MoeConfig(**shape, **mixture))


def add_dropout(model, probability):
    """Adds dropout by hooks: Llama has none, but training reads the text several times."""

    def drop(module, inputs, output):
        return functional.dropout(output, probability, module.training)

    model.model.embed_tokens.register_forward_hook(drop)
    for layer in model.model.layers:
        layer.self_attn.o_proj.register_forward_hook(drop)
        # A mixture returns its outputs from the block itself.
        getattr(layer.mlp, "down_proj", layer.mlp).register_forward_hook(drop)


def encode(tokenizer, text):
    # Not verbose: the text is cut into windows later, so its length needs no warning.
    return tokenizer(text, verbose=False)["input_ids"]


def token_stream(tokenizer, texts):
    """Returns all texts as one row of tokens, with an end-of-text token before each text."""
    tokens = []
    for text in texts:
        tokens += [tokenizer.eos_token_id] + encode(tokenizer, text)
    return torch.tensor(tokens)


@torch.no_grad()
def perplexity(model, tokens):
    """Returns the perplexity over non-overlapping windows of 256 tokens.

    Windows are independent: the first token of each is only read, the other 255 are predicted.
    An incomplete window at the end is dropped.
    """
    model.eval()
    windows = tokens[: len(tokens) // WINDOW * WINDOW].view(-1, WINDOW)
    total = 0.0
    for batch in windows.to(model.device).split(16):
        logits = model(input_ids=batch, use_cache=False).logits[:, :-1].float()
        total += functional.cross_entropy(
            logits.flatten(0, 1), batch[:, 1:].flatten(), reduction="sum"
        ).item()
    return math.exp(total / (len(windows) * (WINDOW - 1)))


def evaluate(folder, seed):
    """Measures a folder as a user would: with the stored weights, in float32."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    train, validation, calibration, held_out = data.split(data.read_books())
    train = token_stream(tokenizer, train)
    step = len(train) // 10  # ten pieces, spread evenly over the training text
    measured = {
        "train": torch.cat([train[i * step :][: 20 * WINDOW] for i in range(10)]),
        "validation": token_stream(tokenizer, validation),
        # These two exactly as in the folder's files, so that other tools can be compared.
        "calibration.txt": torch.tensor(encode(tokenizer, "\n".join(calibration))),
        "heldout.txt": torch.tensor(encode(tokenizer, "\n".join(held_out))),
    }
    for name, tokens in measured.items():
        windows = len(tokens) // WINDOW
        print(f"{name:16} perplexity {perplexity(model, tokens):8.4f}  ({windows} windows)")
    prompt = tokenizer("And it came to pass", return_tensors="pt")
    torch.manual_seed(seed)
    sample = model.generate(**prompt, max_new_tokens=80, do_sample=True, temperature=0.8)
    print(tokenizer.decode(sample[0]))


def learning_rate(step, options):
    """Returns the rate: linear warm-up, then a cosine down to a fiftieth of the peak."""
    if step < options.warmup:
        return options.learning_rate * (step + 1) / options.warmup
    progress = (step - options.warmup) / (options.steps - options.warmup)
    return options.learning_rate * (0.02 + 0.98 * (1 + math.cos(math.pi * progress)) / 2)


def train_model(model, tokens, validation, options):
    """Trains the model, which ends with the weights that were best on the validation text."""
    add_dropout(model, options.dropout)
    step_model = torch.compile(model, dynamic=False) if options.compile else model
    matrices = [p for p in model.parameters() if p.dim() > 1]  # all experts are one tensor
    scales = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": scales, "weight_decay": 0.0}],
        betas=(0.9, 0.95),
        fused=True,
    )
    random = torch.Generator().manual_seed(options.seed)
    best, best_weights, began = math.inf, None, time.time()
    for step in range(options.steps):
        model.train()
        # One step in four reads longer windows, so that all positions get trained.
        length = MAX_WINDOW if step % 4 == 3 else WINDOW
        starts = torch.randint(len(tokens) - length, (BATCH // length,), generator=random)
        batch = torch.stack([tokens[start : start + length] for start in starts.tolist()])
        batch = batch.to(model.device)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        with torch.autocast(model.device.type, torch.bfloat16, enabled=not options.float32):
            output = step_model(input_ids=batch, use_cache=False)
        logits = output.logits[:, :-1].flatten(0, 1)
        loss = functional.cross_entropy(logits.float(), batch[:, 1:].flatten())
        if options.experts > 0:
            loss = loss + model.config.router_aux_loss_coef * output.aux_loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % 100 == 0 or step + 1 == options.steps:
            measured = perplexity(model, validation)
            seconds = time.time() - began
            report = f"{step + 1:5} loss {loss:.3f} validation {measured:.3f} {seconds:.0f} s"
            print(report, flush=True)
            if measured < best:
                best = measured
                best_weights = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(best_weights)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="the model's folder")
    parser.add_argument("--evaluate", action="store_true", help="only measure the folder")
    parser.add_argument("--seed", type=int, default=1611, help="seed of all random numbers")
    parser.add_argument("--vocabulary", type=int, default=2560, help="number of tokens")
    parser.add_argument("--experts", type=int, default=0, help="experts of each MLP, 0 for none")
    parser.add_argument("--steps", type=int, default=2000, help=f"steps of {BATCH} tokens")
    parser.add_argument("--warmup", type=int, default=100, help="steps of rising learning rate")
    parser.add_argument("--learning-rate", type=float, default=2e-3, help="peak learning rate")
    parser.add_argument("--dropout", type=float, default=0.1, help="dropout during training")
    parser.add_argument("--device", default="cpu", help="where to train, such as cuda")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument(
        "--float32", action="store_true", help="for processors without bfloat16 arithmetic"
    )
    parser.add_argument("--compile", action="store_true", help="faster; needs a C++ compiler")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)

    if not options.evaluate:
        train, validation, calibration, held_out = data.split(data.read_books())
        tokenizer = data.train_tokenizer(train, options.vocabulary, MAX_WINDOW)
        tokens = token_stream(tokenizer, train)
        model = new_model(tokenizer, options.experts).to(options.device)
        print(f"{model.num_parameters()} parameters, {len(tokens)} training tokens")
        train_model(model, tokens, token_stream(tokenizer, validation), options)
        model.to(torch.bfloat16).save_pretrained(options.output)
        tokenizer.save_pretrained(options.output)
        (options.output / "calibration.txt").write_text("\n".join(calibration), "utf-8")
        (options.output / "heldout.txt").write_text("\n".join(held_out), "utf-8")
    evaluate(options.output, options.seed)


if __name__ == "__main__":
    main()
