#!/usr/bin/env python3
"""Writes the fixtures of the forward-pass tests: small random models and the logits that transformers computes for them.

Usage: make-forward-goldens.py [FOLDER]        (default: Tests/TransformerTests/Fixtures; needs torch and transformers)

Each fixture is a model folder as transformers writes it, plus golden.safetensors with, for each length n,
`input_ids.n` [n] int64 and `logits.n` [n, vocabulary] float32: eager attention in float32, from the weights as stored.

Random weights are scaled so that logits spread over a few units, and every feature that a fixture is about is shown to
matter: for each norm and bias, and for each entry of `unlike`, the script takes the feature away and insists that the
logits move by far more than a test's tolerance. Seeds come from names: a new case leaves the others as they are.
"""
import json, math, pathlib, shutil, sys, zlib
import torch, transformers
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

LENGTHS = (1, 7, 33, 64)
MATTERS = 0.02       # a feature counts as tested when taking it away moves some logit by this much

SMALL = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
WIDE_HEADS = SMALL | dict(num_attention_heads=2, num_key_value_heads=1, intermediate_size=32)   # 8 frequencies per head

# With base 100 the eight wavelengths run from 6 to 353 positions, on both sides of every threshold below.
PLAIN = dict(rope_theta=100.0, rope_type='default')
LINEAR = dict(rope_theta=100.0, rope_type='linear', factor=4.0)
LLAMA3 = dict(rope_theta=100.0, rope_type='llama3', factor=4.0, original_max_position_embeddings=32,
              low_freq_factor=1.0, high_freq_factor=4.0)
YARN = dict(rope_theta=100.0, rope_type='yarn', factor=4.0, original_max_position_embeddings=32)
YARN_RAMP = YARN | dict(beta_fast=2.0, beta_slow=0.5)                       # a ramp with both ends inside the head

WINDOWS = dict(use_sliding_window=True, sliding_window=8, max_window_layers=1)      # the first layer sees everything


def rope(parameters):
    return dict(rope_parameters=parameters)


class Case:
    """One fixture: its configuration, how it is stored, and the neighbouring configurations it must differ from."""

    def __init__(self, config, unlike=(), dtype=torch.float32, shard='1GB', respell=None):
        self.config, self.unlike, self.dtype, self.shard, self.respell = config, unlike, dtype, shard, respell


# Old spellings: edits of config.json that leave the model as it is. Such files usually hold 16 bits.

def old(edit):
    return dict(respell=edit, dtype=torch.bfloat16)


def old_scaling(kind):
    """`rope_theta` and `rope_scaling` at the top level, the kind under the key `kind`; `torch_dtype`."""
    def edit(config):
        scaling = dict(config.pop('rope_parameters'))
        config['rope_theta'] = scaling.pop('rope_theta')
        scaling[kind] = scaling.pop('rope_type')
        config['rope_scaling'] = None if scaling == {kind: 'default'} else scaling
        config['torch_dtype'] = config.pop('dtype')
    return edit


def oldest(config):
    """What the first Llama configurations had: no base, no head size, no count of key/value heads, no switches."""
    for key in ('rope_parameters', 'head_dim', 'num_key_value_heads', 'attention_bias', 'mlp_bias',
                'tie_word_embeddings', 'attention_dropout'):
        config.pop(key, None)
    config['torch_dtype'] = config.pop('dtype')


def old_qwen(config):
    """No `layer_types`: `max_window_layers` tells, and only if `use_sliding_window`; `sliding_window` always there."""
    old_scaling('type')(config)
    del config['layer_types']
    config['sliding_window'] = 8


CASES = {
    'llama': Case(LlamaConfig(**SMALL, **rope(PLAIN)), unlike=[rope(PLAIN | dict(rope_theta=10000.0))]),
    'llama-epsilon': Case(LlamaConfig(**SMALL, rms_norm_eps=0.1), unlike=[dict(rms_norm_eps=1e-5)]),
    'llama-tied-bf16': Case(LlamaConfig(**SMALL, tie_word_embeddings=True), dtype=torch.bfloat16),
    'llama-f16': Case(LlamaConfig(**SMALL), dtype=torch.float16),
    'llama-sharded': Case(LlamaConfig(**SMALL), shard='20KB'),
    'llama-biases': Case(LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True)),
    'llama-head-dim': Case(LlamaConfig(**SMALL, head_dim=12)),
    'llama-oldest': Case(LlamaConfig(**SMALL | dict(num_key_value_heads=4)), **old(oldest), unlike=[rope(PLAIN)]),
    'llama-linear': Case(LlamaConfig(**WIDE_HEADS, **rope(LINEAR)), unlike=[rope(PLAIN)]),
    'llama-linear-old': Case(LlamaConfig(**WIDE_HEADS, **rope(LINEAR)), **old(old_scaling('type')),
                             unlike=[rope(PLAIN)]),
    'llama-llama3': Case(LlamaConfig(**WIDE_HEADS, **rope(LLAMA3)), unlike=[
        rope(PLAIN), rope(LINEAR), rope(LLAMA3 | dict(low_freq_factor=2.0)), rope(LLAMA3 | dict(high_freq_factor=3.0))]),
    'llama-llama3-old': Case(LlamaConfig(**WIDE_HEADS, **rope(LLAMA3)), **old(old_scaling('rope_type')),
                             unlike=[rope(PLAIN)]),
    'llama-yarn': Case(LlamaConfig(**WIDE_HEADS, **rope(YARN)), unlike=[
        rope(PLAIN), rope(LINEAR), rope(YARN_RAMP), rope(YARN | dict(attention_factor=1.0))]),
    'llama-yarn-ramp': Case(LlamaConfig(**WIDE_HEADS, **rope(YARN_RAMP)), unlike=[
        rope(YARN), rope(YARN_RAMP | dict(truncate=False))]),
    'llama-yarn-untruncated': Case(LlamaConfig(**WIDE_HEADS, **rope(YARN_RAMP | dict(truncate=False))), unlike=[
        rope(YARN_RAMP)]),
    'llama-yarn-mscale': Case(LlamaConfig(**WIDE_HEADS, **rope(YARN_RAMP | dict(mscale=3.0, mscale_all_dim=0.5))),
                              unlike=[rope(YARN_RAMP)]),
    'llama-yarn-attention-factor': Case(LlamaConfig(**WIDE_HEADS, **rope(YARN_RAMP | dict(attention_factor=1.5))),
                                        unlike=[rope(YARN_RAMP)]),
    'mistral': Case(MistralConfig(**SMALL, sliding_window=8), unlike=[
        dict(sliding_window=None), dict(sliding_window=7), dict(sliding_window=9)]),
    'mistral-full': Case(MistralConfig(**SMALL, sliding_window=None, head_dim=12), unlike=[dict(sliding_window=8)]),
    'qwen2': Case(Qwen2Config(**SMALL, tie_word_embeddings=True)),
    'qwen2-windows': Case(Qwen2Config(**SMALL, **WINDOWS), unlike=[
        dict(layer_types=['full_attention'] * 2), dict(layer_types=['sliding_attention'] * 2)]),
    'qwen2-windows-old': Case(Qwen2Config(**SMALL, **WINDOWS), **old(old_qwen)),
    'qwen2-yarn-old': Case(Qwen2Config(**WIDE_HEADS, **rope(YARN)), **old(old_qwen), unlike=[
        rope(PLAIN), dict(sliding_window=8, layer_types=['sliding_attention'] * 2)]),
    'qwen3': Case(Qwen3Config(**SMALL, head_dim=16, tie_word_embeddings=True)),
    'qwen3-biases': Case(Qwen3Config(**SMALL, head_dim=12, attention_bias=True)),
}


def randomize(model, seed):
    """Weights that keep the residual stream near one, attention peaked, and logits a few units apart."""
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.tie_word_embeddings
    for name, parameter in model.named_parameters():
        normal = torch.randn(parameter.shape, generator=generator)
        fan_in = math.sqrt(parameter.shape[-1])
        if 'norm' in name: value = 1 + 0.3 * normal.clamp(-2, 2)
        elif name.endswith('bias'): value = 0.5 * normal
        elif 'lm_head' in name or ('embed' in name and tied): value = 2 * normal / fan_in
        elif 'embed' in name: value = normal
        elif 'q_proj' in name or 'k_proj' in name: value = 1.5 * normal / fan_in
        else: value = normal / fan_in
        with torch.no_grad(): parameter.copy_(value)


def load(folder, dtype=torch.float32, **changes):
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation='eager',
                                                         output_loading_info=True, **changes)
    assert not any(report.values()), f'{folder.name}: {report}'
    return model.eval()


@torch.no_grad()
def logits(model, ids):
    return {n: model(x[None]).logits[0] for n, x in ids.items()}


def difference(a, b):
    return max((a[n] - b[n]).abs().max().item() for n in a)


def write(folder, case):
    seed = zlib.crc32(folder.name.encode())
    model = AutoModelForCausalLM.from_config(case.config, dtype=torch.float32)
    randomize(model, seed)
    model.to(case.dtype).save_pretrained(folder, max_shard_size=case.shard)
    (folder / 'generation_config.json').unlink()

    generator = torch.Generator().manual_seed(seed + 1)
    ids = {n: torch.randint(case.config.vocab_size, (n,), generator=generator) for n in LENGTHS}
    model = load(folder)
    golden = logits(model, ids)
    if case.respell:
        path = folder / 'config.json'
        config = json.loads(path.read_text())
        case.respell(config)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + '\n')
        assert difference(golden, logits(load(folder), ids)) == 0, f'{folder.name}: the old spelling is another model'
    save_file({f'input_ids.{n}': x for n, x in ids.items()} | {f'logits.{n}': x.contiguous() for n, x in golden.items()},
              folder / 'golden.safetensors')

    effects = []
    for change in case.unlike:
        effects.append((difference(golden, logits(load(folder, **change), ids)), change))
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            kept = parameter.detach().clone()
            parameter.data.fill_(1 if 'norm' in name else 0)
            effects.append((difference(golden, logits(model, ids)), name))
            parameter.data.copy_(kept)
    assert difference(golden, logits(model, ids)) == 0
    least, what = min(effects, key=lambda effect: effect[0])
    assert least > MATTERS, f'{folder.name}: {what} moves logits by {least} only'

    spread = golden[LENGTHS[-1]].std().item()
    assert 1 < spread < 5, f'{folder.name}: logits have a standard deviation of {spread}'
    noise = difference(golden, logits(load(folder, dtype=torch.float64), ids))
    print(f'{folder.name:28} logits ±{spread:.2f}, float64 within {noise:.1e}, least effect {least:.3f} ({what})')


def main():
    top = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else 'Tests/TransformerTests/Fixtures')
    torch.set_num_threads(1)                # the order of sums, so the last bits, depend on it
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    for name, case in CASES.items():
        shutil.rmtree(top / name, ignore_errors=True)
        write(top / name, case)
    versions = dict(torch=torch.__version__, transformers=transformers.__version__)
    (top / 'versions.json').write_text(json.dumps(versions, indent=2) + '\n')
    size = sum(file.stat().st_size for file in top.rglob('*') if file.is_file())
    print(f'{len(CASES)} fixtures, {size / 1e6:.2f} MB, torch {torch.__version__}, transformers {transformers.__version__}')


if __name__ == '__main__':
    main()
