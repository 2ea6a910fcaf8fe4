#!/usr/bin/env python3
"""Writes the fixtures of the forward-pass tests: small random models and transformers' logits.

Usage: make-forward-goldens.py [FOLDER] [--only NAME...]

Needs torch and transformers. The default is to write every case of the library's families into
Tests/TransformerTests/Fixtures. The family of Examples/CustomFamily has a case too:
`make-forward-goldens.py Tests/CLITests/Fixtures --only arcee`

Each fixture is a model folder as transformers writes it, plus golden.safetensors with, for each
length n, the tensors `input_ids.n` [n] int64 and `logits.n` [n, vocabulary] float32, computed by
eager attention in float32 from the stored weights.

Random weights are scaled so that logits spread over a few units. The script also shows that every
feature of a fixture matters: for each norm and bias, and for each entry of `unlike` and `without`,
it removes the feature and requires that the logits move by far more than the tolerance of a test.
Where a router chooses experts, the choice must be clear for every token, because rounding could
change it otherwise. Seeds come from names, so that a new case leaves the others unchanged.

versions.json has the versions behind all fixtures, except for those that name others in the
metadata of golden.safetensors.
"""
import argparse, json, math, pathlib, shutil, zlib
import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import (ArceeConfig, AutoModelForCausalLM, Gemma3TextConfig, GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config, Qwen3MoeConfig)

LENGTHS = (1, 7, 33, 64)
MATTERS = 0.02       # a feature counts as tested if its removal moves some logit by this much
CLEAR = 1e-3         # the least gap in probability between the last chosen expert and the next

SMALL = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
             num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128)
WIDE_HEADS = SMALL | dict(num_attention_heads=2, num_key_value_heads=1, intermediate_size=32)   # 8 frequencies per head

# With base 100 the eight wavelengths run from 6 to 353 positions, on both sides of every threshold
# below.
PLAIN = dict(rope_theta=100.0, rope_type='default')
LINEAR = dict(rope_theta=100.0, rope_type='linear', factor=4.0)
LLAMA3 = dict(rope_theta=100.0, rope_type='llama3', factor=4.0, original_max_position_embeddings=32,
              low_freq_factor=1.0, high_freq_factor=4.0)
YARN = dict(rope_theta=100.0, rope_type='yarn', factor=4.0, original_max_position_embeddings=32)
YARN_RAMP = YARN | dict(beta_fast=2.0, beta_slow=0.5)                       # both ends of the ramp are inside the head

WINDOWS = dict(use_sliding_window=True, sliding_window=8, max_window_layers=1)      # the first layer sees everything

# Gemma 3: two sliding layers before each full one, and two rotations.
SLIDING = dict(rope_theta=20.0, rope_type='default')
FULL = dict(rope_theta=400.0, rope_type='default')
FULL_LINEAR = FULL | dict(rope_type='linear', factor=4.0)
GEMMA = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=6, num_attention_heads=4,
             num_key_value_heads=2, head_dim=12, query_pre_attn_scalar=20, max_position_embeddings=128, sliding_window=8,
             pad_token_id=None)                             # (loading may clear the embedding of a padding token)
ORDER = ['sliding_attention', 'sliding_attention', 'full_attention'] * 2
THIRDS = dict(layer_types=ORDER)

# GPT-NeoX: heads of 16 channels, of which 4 are rotated.
QUARTER = dict(rope_theta=100.0, rope_type='default', partial_rotary_factor=0.25)
NEOX = dict(vocab_size=96, hidden_size=48, intermediate_size=80, num_hidden_layers=2, num_attention_heads=3,
            max_position_embeddings=128)

MIXTURE = SMALL | dict(head_dim=16, moe_intermediate_size=24, num_experts=8, num_experts_per_tok=2, norm_topk_prob=True)


def rope(parameters):
    return dict(rope_parameters=parameters)


def ropes(sliding, full):
    return rope(dict(sliding_attention=sliding, full_attention=full))


class Case:
    """One fixture: its configuration, its storage, and similar configurations it must differ from.

    `without` has edits of a loaded model, by name, that remove a feature which no configuration
    switches off. `barely` has configurations that differ only slightly, with the smallest
    difference to require. `attempt` goes into the seed: models with routers were drawn until every
    choice was clear. `extra` has tensors that such files hold besides the weights.
    """

    def __init__(self, config, unlike=(), dtype=torch.float32, shard='1GB', respell=None, without=None, barely=(),
                 attempt='', extra=None):
        self.config, self.unlike, self.dtype, self.shard, self.respell = config, unlike, dtype, shard, respell
        self.without, self.barely, self.attempt, self.extra = without or {}, barely, attempt, extra or {}


# Old spellings: edits of config.json that do not change the model. Such files usually hold 16-bit
# weights.

def old(edit):
    return dict(respell=edit, dtype=torch.bfloat16)


def old_scaling(kind):
    """Moves `rope_theta` and `rope_scaling` to the top level; uses the keys `kind`, `torch_dtype`."""
    def edit(config):
        scaling = dict(config.pop('rope_parameters'))
        config['rope_theta'] = scaling.pop('rope_theta')
        scaling[kind] = scaling.pop('rope_type')
        config['rope_scaling'] = None if scaling == {kind: 'default'} else scaling
        config['torch_dtype'] = config.pop('dtype')
    return edit


def oldest(config):
    """Removes what the first Llama files lacked: base, head size, key/value heads, switches."""
    for key in ('rope_parameters', 'head_dim', 'num_key_value_heads', 'attention_bias', 'mlp_bias',
                'tie_word_embeddings', 'attention_dropout'):
        config.pop(key, None)
    config['torch_dtype'] = config.pop('dtype')


def old_qwen(config):
    """Removes `layer_types`, and always sets `sliding_window`.

    If `use_sliding_window` is set, `max_window_layers` decides which layers have the window.
    """
    old_scaling('type')(config)
    del config['layer_types']
    config['sliding_window'] = 8


def old_gemma(config):
    """Moves both bases and the full layers' scaling to the top level; removes the tying switch."""
    parameters = config.pop('rope_parameters')
    full = parameters['full_attention']
    config['rope_theta'] = int(full.pop('rope_theta'))
    config['rope_local_base_freq'] = int(parameters['sliding_attention']['rope_theta'])
    config['rope_scaling'] = None if full == dict(rope_type='default') else full
    config['cache_implementation'] = 'hybrid'
    config['torch_dtype'] = config.pop('dtype')
    del config['tie_word_embeddings']


def oldest_gemma(config):
    """Replaces `layer_types` by a pattern: every third layer is full."""
    old_gemma(config)
    del config['layer_types'], config['_sliding_window_pattern'], config['use_bidirectional_attention']
    config['sliding_window_pattern'] = 3


def sparse_gemma(config):
    """Removes defaults (bases, scale, every sixth layer full), as in Gemma 3 from 4B up."""
    for key in ('rope_parameters', 'query_pre_attn_scalar', 'hidden_activation', 'rms_norm_eps', 'tie_word_embeddings',
                'layer_types', '_sliding_window_pattern', 'attention_bias', 'use_bidirectional_attention', 'bos_token_id',
                'attn_logit_softcapping', 'final_logit_softcapping', 'attention_dropout', 'eos_token_id', 'pad_token_id'):
        del config[key]
    config['torch_dtype'] = config.pop('dtype')


def old_neox(config):
    """Moves base and share of the rotation to the top level; removes the later `attention_bias`."""
    parameters = config.pop('rope_parameters')
    config['rotary_emb_base'] = int(parameters['rope_theta'])
    config['rotary_pct'] = parameters['partial_rotary_factor']
    del config['attention_bias'], config['is_decoder'], config['pad_token_id']
    config['torch_dtype'] = config.pop('dtype')


def old_mixture(config):
    """Renames the count to `num_experts`, and adds a window that is switched off."""
    old_scaling('rope_type')(config)
    config['num_experts'] = config.pop('num_local_experts')
    config['max_window_layers'] = config['num_hidden_layers']


def masks(layers, positions, turning):
    """Returns the constants that old GPT-NeoX files hold for each layer."""
    mask = torch.ones(1, 1, positions, positions).tril()
    return {f'gpt_neox.layers.{layer}.attention.{name}': value for layer in range(layers) for name, value in {
        'bias': mask.to(torch.uint8 if layer == 0 else torch.bool),
        'masked_bias': torch.tensor(-1e9).half(),
        'rotary_emb.inv_freq': (100.0 ** (-torch.arange(0, turning, 2) / turning)).half()}.items()}


def plain_embedding(model):
    model.model.embed_tokens.embed_scale.fill_(1)


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
    'gemma3': Case(Gemma3TextConfig(**GEMMA, **THIRDS, **ropes(SLIDING, FULL)), unlike=[
        ropes(SLIDING, SLIDING), ropes(FULL, FULL), ropes(FULL, SLIDING), dict(query_pre_attn_scalar=12),
        dict(sliding_window=7), dict(sliding_window=9), dict(layer_types=['full_attention'] * 6),
        dict(layer_types=['sliding_attention'] * 6), dict(layer_types=ORDER[1:] + ORDER[:1]),
        dict(layer_types=ORDER[2:] + ORDER[:2]), dict(hidden_activation='silu')],
        without={'embedding scale': plain_embedding}, barely=[(dict(hidden_activation='gelu'), 0.004)]),
    'gemma3-linear': Case(Gemma3TextConfig(**GEMMA, **THIRDS, **ropes(SLIDING, FULL_LINEAR), rms_norm_eps=0.05), unlike=[
        ropes(SLIDING, FULL), ropes(SLIDING | dict(rope_type='linear', factor=4.0), FULL_LINEAR), dict(rms_norm_eps=1e-6)]),
    'gemma3-old': Case(Gemma3TextConfig(**GEMMA, **THIRDS, **ropes(SLIDING, FULL)), **old(oldest_gemma)),
    'gemma3-linear-old': Case(Gemma3TextConfig(**GEMMA, **THIRDS, **ropes(SLIDING, FULL_LINEAR)), **old(old_gemma)),
    'gemma3-sparse': Case(Gemma3TextConfig(**GEMMA | dict(num_hidden_layers=7, query_pre_attn_scalar=256)),
                          **old(sparse_gemma), unlike=[
        dict(query_pre_attn_scalar=12), dict(sliding_window=4096), dict(layer_types=['sliding_attention'] * 7),
        dict(layer_types=ORDER + ORDER[:1]), ropes(PLAIN | dict(rope_theta=1e4), PLAIN | dict(rope_theta=1e4)),
        ropes(PLAIN | dict(rope_theta=1e6), PLAIN | dict(rope_theta=1e6))]),
    'gpt-neox': Case(GPTNeoXConfig(**NEOX, **rope(QUARTER)), unlike=[
        dict(use_parallel_residual=False), rope(QUARTER | dict(partial_rotary_factor=0.5)),
        rope(QUARTER | dict(rope_theta=10000.0)), dict(hidden_act='relu')], barely=[(dict(hidden_act='gelu_new'), 0.004)]),
    'gpt-neox-serial': Case(GPTNeoXConfig(**NEOX, use_parallel_residual=False, layer_norm_eps=0.05,
                                          **rope(QUARTER | dict(partial_rotary_factor=1.0))), unlike=[
        dict(use_parallel_residual=True), dict(layer_norm_eps=1e-5), rope(QUARTER)]),
    'gpt-neox-old': Case(GPTNeoXConfig(**NEOX, **rope(QUARTER)), respell=old_neox, dtype=torch.float16,
                         extra=masks(2, 128, 4)),
    'gpt-neox-tied': Case(GPTNeoXConfig(**NEOX, **rope(QUARTER), tie_word_embeddings=True)),
    'gpt-neox-tanh': Case(GPTNeoXConfig(**NEOX, **rope(QUARTER), hidden_act='gelu_fast'),     # as in GPT-NeoX-20B
                          barely=[(dict(hidden_act='gelu'), 0.004)]),
    'qwen3-moe': Case(Qwen3MoeConfig(**MIXTURE), attempt=' 11', unlike=[
        dict(norm_topk_prob=False), dict(num_experts_per_tok=1), dict(num_experts_per_tok=3)]),
    'qwen3-moe-unnormalized': Case(Qwen3MoeConfig(**MIXTURE | dict(norm_topk_prob=False)), attempt=' 14', unlike=[
        dict(norm_topk_prob=True)]),
    'qwen3-moe-dense': Case(Qwen3MoeConfig(**MIXTURE | dict(num_hidden_layers=3), mlp_only_layers=[1]), attempt=' 15'),
    'qwen3-moe-step': Case(Qwen3MoeConfig(**MIXTURE, decoder_sparse_step=2)),
    'qwen3-moe-old': Case(Qwen3MoeConfig(**MIXTURE), **old(old_mixture), attempt=' 17'),
}


def neutral_gain(config):
    """Returns the stored weight of a norm with gain 1: Gemma stores the difference from one."""
    return 0 if config.model_type == 'gemma3_text' else 1


# Families that example programs add.
EXAMPLES = {
    'arcee': Case(ArceeConfig(**SMALL, **rope(PLAIN)), unlike=[dict(hidden_act='relu')]),
}


def randomize(model, seed):
    """Sets weights that give residuals near one, peaked attention, and logits a few units apart."""
    generator = torch.Generator().manual_seed(seed)
    tied = model.config.tie_word_embeddings
    gain = neutral_gain(model.config)
    for name, parameter in model.named_parameters():
        normal = torch.randn(parameter.shape, generator=generator)
        fan_in = math.sqrt(parameter.shape[-1])
        if name.endswith('dense_h_to_4h.bias'): value = 0.5 * normal - 1.5     # where the two gelus differ most
        elif name.endswith('dense_4h_to_h.weight'): value = 3 * normal / fan_in
        elif name.endswith('bias'): value = 0.5 * normal
        elif 'norm' in name: value = gain + 0.3 * normal.clamp(-2, 2)
        elif 'lm_head' in name or ('embed' in name and tied): value = 2 * normal / fan_in
        elif 'embed' in name: value = normal
        elif 'q_proj' in name or 'k_proj' in name: value = 1.5 * normal / fan_in
        elif 'query_key_value' in name:             # rows by head, then by query, key and value
            value = normal / fan_in
            value.view(model.config.num_attention_heads, 3, -1)[:, :2] *= 1.5
        elif name.endswith('mlp.gate.weight'):      # a router; expert 5 is never chosen in layer 1
            value = 2 * normal / fan_in
            if '.1.' in name and model.config.decoder_sparse_step == 1:
                value[5] = (value.sum(0) - value[5]) / (len(value) - 1)
        else: value = normal / fan_in
        with torch.no_grad(): parameter.copy_(value)


def load(folder, dtype=torch.float32, **changes):
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation='eager',
                                                         experts_implementation='eager', output_loading_info=True, **changes)
    assert not any(report.values()), f'{folder.name}: {report}'
    return model.eval()


@torch.no_grad()
def logits(model, ids):
    return {n: model(x[None]).logits[0] for n, x in ids.items()}


def difference(a, b):
    return max((a[n] - b[n]).abs().max().item() for n in a)


def add_tensors(path, extra):
    save_file(load_file(path) | extra, path, metadata=dict(format='pt'))


def routing(model, ids):
    """Returns, by router and length, the least margin of a choice and the chosen experts."""
    found, length = {}, None

    def hook(name):
        def look(router, inputs, outputs):
            probabilities = outputs[0].softmax(-1)
            top = probabilities.topk(router.top_k + 1).values
            margin = (top[:, -2] - top[:, -1]).min().item()
            found.setdefault(name, {})[length] = (margin, set(outputs[2].flatten().tolist()))
        return look

    hooks = [module.register_forward_hook(hook(name)) for name, module in model.named_modules()
             if type(module).__name__.endswith('TopKRouter')]
    for length, x in ids.items(): logits(model, {length: x})
    for each in hooks: each.remove()
    return found


def check_routing(name, model, ids):
    found = routing(model, ids)
    if not found: return
    longest, experts = LENGTHS[-1], set(range(model.config.num_experts))
    margin = min(margin for layer in found.values() for margin, _ in layer.values())
    assert margin > CLEAR, f'{name}: a choice of experts is clear by only {margin}'
    hit = set().union(*(layer[longest][1] for layer in found.values()))
    assert hit == experts, f'{name}: no layer chooses the experts {experts - hit}'
    never = {layer: experts - set().union(*(chosen for _, chosen in lengths.values())) for layer, lengths in found.items()}
    print(f'{name:28} choices clear by {margin:.4f}; never chosen: {never}')
    if len(found) > 1 and 'model.layers.1.mlp.gate' in never:
        assert never['model.layers.1.mlp.gate'], f'{name}: every expert is chosen'


def write(folder, case, metadata):
    seed = zlib.crc32((folder.name + case.attempt).encode())
    model = AutoModelForCausalLM.from_config(case.config, dtype=torch.float32)
    randomize(model, seed)
    model.to(case.dtype).save_pretrained(folder, max_shard_size=case.shard)
    (folder / 'generation_config.json').unlink()
    if case.extra: add_tensors(folder / 'model.safetensors', case.extra)

    generator = torch.Generator().manual_seed(seed + 1)
    ids = {n: torch.randint(case.config.vocab_size, (n,), generator=generator) for n in LENGTHS}
    model = load(folder)
    golden = logits(model, ids)
    check_routing(folder.name, model, ids)
    if case.respell:
        path = folder / 'config.json'
        config = json.loads(path.read_text())
        case.respell(config)
        path.write_text(json.dumps(config, indent=2, sort_keys=True) + '\n')
        assert difference(golden, logits(load(folder), ids)) == 0, f'{folder.name}: the old spelling is another model'
    save_file({f'input_ids.{n}': x for n, x in ids.items()} | {f'logits.{n}': x.contiguous() for n, x in golden.items()},
              folder / 'golden.safetensors', metadata=metadata)

    effects = []
    for change in case.unlike:
        effects.append((difference(golden, logits(load(folder, **change), ids)), change))
    for what, edit in case.without.items():
        changed = load(folder)
        edit(changed)
        effects.append((difference(golden, logits(changed, ids)), what))
    for change, enough in case.barely:
        effect = difference(golden, logits(load(folder, **change), ids))
        assert effect > enough, f'{folder.name}: {change} moves logits by only {effect}'
        print(f'{folder.name:28} {change} moves logits by {effect:.4f}')
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            kept = parameter.detach().clone()
            parameter.data.fill_(neutral_gain(case.config) if 'norm' in name and not name.endswith('bias') else 0)
            effects.append((difference(golden, logits(model, ids)), name))
            parameter.data.copy_(kept)
    assert difference(golden, logits(model, ids)) == 0
    least, what = min(effects, key=lambda effect: effect[0])
    assert least > MATTERS, f'{folder.name}: {what} moves logits by only {least}'

    spread = golden[LENGTHS[-1]].std().item()
    assert 1 < spread < 5, f'{folder.name}: logits have a standard deviation of {spread}'
    noise = difference(golden, logits(load(folder, dtype=torch.float64), ids))
    print(f'{folder.name:28} logits ±{spread:.2f}, float64 within {noise:.1e}, least effect {least:.3f} ({what})')


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('folder', nargs='?', type=pathlib.Path, default='Tests/TransformerTests/Fixtures')
    arguments.add_argument('--only', nargs='+', choices=CASES | EXAMPLES, metavar='NAME', help='make only these cases')
    options = arguments.parse_args()
    torch.set_num_threads(1)                # the order of sums, and so the last bits, depend on it
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    versions = dict(torch=torch.__version__, transformers=transformers.__version__)
    record = options.folder / 'versions.json'
    if not options.only:
        options.folder.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(versions, indent=2) + '\n')
    recorded = json.loads(record.read_text()) if record.exists() else None
    for name in options.only or CASES:
        shutil.rmtree(options.folder / name, ignore_errors=True)
        write(options.folder / name, (CASES | EXAMPLES)[name], metadata=None if versions == recorded else versions)
    size = sum(file.stat().st_size for file in options.folder.rglob('*') if file.is_file())
    print(f'{len(options.only or CASES)} of {len(CASES)} fixtures, all {size / 1e6:.2f} MB, torch {torch.__version__}, '
          f'transformers {transformers.__version__}')


if __name__ == '__main__':
    main()
