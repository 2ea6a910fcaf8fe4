#!/usr/bin/env python3
"""Writes the fixtures of the forward-pass tests: small random models and transformers' logits.

Usage: make-forward-goldens.py [FOLDER] [--only NAME...] [--spellings]

Needs torch and transformers. The default is to write every case of the library's families into
Tests/TransformerTests/Fixtures. The family of Examples/CustomFamily has a case too:
`make-forward-goldens.py Tests/CLITests/Fixtures --only arcee`

Each fixture is a model folder as transformers writes it, plus golden.safetensors with, for each
length n, the tensors `input_ids.n` [n] int64 and `logits.n` [n, vocabulary] float32, computed in
float32 from the stored weights, by eager attention unless the case says why not. The other kind
of attention, and the model before it was saved, must give the same logits.

Random weights are scaled so that logits spread over a few units. The script also shows that every
feature of a fixture matters: for each norm, bias and other small tensor, and for each entry of
`unlike` and `without`, it removes the feature and requires that the logits move by far more than
the tolerance of a test.
Where a router chooses experts, the choice must be clear for every token, because rounding could
change it otherwise. Seeds come from names, so that a new case leaves the others unchanged.

`--spellings` writes spellings.json and spellings.safetensors instead, from fixtures that are there: what
transformers computes where a configuration leaves out a member or says it in another place.

versions.json has the versions behind all fixtures, except for those that name others in the
metadata of golden.safetensors.
"""
import argparse, copy, json, math, pathlib, shutil, sys, tempfile, zlib
import torch, transformers
from safetensors.torch import load_file, save_file
from transformers import (AfmoeConfig, ApertusConfig, ArceeConfig, AutoModelForCausalLM, BloomConfig, Cohere2Config, CohereConfig,
                          Dots1Config, Ernie4_5_MoeConfig, Ernie4_5Config, Exaone4Config, ExaoneMoeConfig, FalconConfig,
                          FlexOlmoConfig, Gemma2Config, Gemma3TextConfig, GemmaConfig, Glm4Config, Glm4MoeConfig, GlmConfig,
                          GPT2Config, GPTBigCodeConfig, GPTJConfig, GPTNeoConfig, GPTNeoXConfig, GraniteConfig, GraniteMoeConfig,
                          HeliumConfig, HunYuanDenseV1Config, HunYuanMoEV1Config, Jais2Config, LlamaConfig, MiniMaxM2Config,
                          Ministral3Config, MinistralConfig, MistralConfig, MixtralConfig, MptConfig, NemotronConfig, Olmo2Config,
                          Olmo3Config, OlmoConfig, OlmoeConfig, OPTConfig, Phi3Config, PhiConfig, PhimoeConfig, Qwen2Config,
                          Qwen2MoeConfig, Qwen3Config, Qwen3MoeConfig, SeedOssConfig, SmolLM3Config, SolarOpenConfig,
                          StableLmConfig, Starcoder2Config, VaultGemmaConfig)

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

# Gemma 1, which has neither windows nor a scale of its own.
GEMMA1 = GEMMA | dict(num_hidden_layers=2)
del GEMMA1['query_pre_attn_scalar'], GEMMA1['sliding_window']
ALPHA = dict(rope_theta=100.0, rope_type='dynamic', alpha=50.0, factor=1.0)                 # Hunyuan's: another base
HALF, WHOLE = (PLAIN | dict(partial_rotary_factor=share) for share in (0.5, 1.0))
LONG = dict(rope_theta=100.0, rope_type='longrope', short_factor=[1.0, 1.1, 1.2, 1.3, 1.5, 1.7, 2.0, 2.2],
            long_factor=[1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0])
LONG_PARTIAL = LONG | dict(partial_rotary_factor=0.75, short_factor=LONG['short_factor'][:6], long_factor=LONG['long_factor'][:6])
# transformers uses PhiMoE's short factors for all lengths; here both are the same.
LONG_SCALED = LONG | dict(long_factor=LONG['short_factor'], original_max_position_embeddings=32, short_mscale=1.2,
                          long_mscale=1.5)
YARN_SCALED = YARN_RAMP | dict(original_max_position_embeddings=16, mscale=1.0, mscale_all_dim=1.0, llama_4_scaling_beta=0.5)

# The classics, whose MLPs are usually four times as wide as the model.
GPT2 = dict(vocab_size=96, n_embd=24, n_layer=2, n_head=3, n_positions=64, bos_token_id=None, eos_token_id=None)
OPT = dict(vocab_size=96, hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64,
           pad_token_id=None, bos_token_id=None, eos_token_id=None)
SIX_HEADS = dict(vocab_size=96, hidden_size=24, n_layer=2, n_head=6, bos_token_id=None, eos_token_id=None)      # BLOOM's keys
MPT = dict(vocab_size=96, d_model=24, n_layers=2, n_heads=6, max_seq_len=64)
NEO = dict(vocab_size=96, hidden_size=32, intermediate_size=40, num_layers=4, num_heads=4, max_position_embeddings=64,
           window_size=8, bos_token_id=None, eos_token_id=None)
FALCON = dict(vocab_size=96, hidden_size=32, ffn_hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=128, bos_token_id=None, eos_token_id=None)

MIXTURE = SMALL | dict(head_dim=16, moe_intermediate_size=24, num_experts=8, num_experts_per_tok=2, norm_topk_prob=True)


def rope(parameters):
    return dict(rope_parameters=copy.deepcopy(parameters))          # some classes of configurations add keys to it


def ropes(sliding, full):
    return rope(dict(sliding_attention=sliding, full_attention=full))


# The later families. Many have special tokens outside of this vocabulary by default, and loading may clear
# the embedding of a padding token.
TWO = SMALL | dict(pad_token_id=None, bos_token_id=None, eos_token_id=None)
FOUR = TWO | dict(num_hidden_layers=4, intermediate_size=32)
TWO_WIDE, FOUR_WIDE = (base | dict(num_attention_heads=2, num_key_value_heads=1) for base in (TWO, FOUR))
THETA = rope(PLAIN | dict(rope_theta=10000.0))


def kinds(letters):
    return dict(layer_types=[dict(S='sliding_attention', F='full_attention')[letter] for letter in letters])


MIXED = kinds('SFFS') | dict(sliding_window=8)
OTHER_KINDS = [dict(sliding_window=7), dict(sliding_window=9), kinds('FFFF'), kinds('SSSS'), kinds('SFFF'), kinds('FSSF')]

# Gemma 2 and VaultGemma, with caps so low that they matter.
GEMMA2 = GEMMA | MIXED | dict(num_hidden_layers=4, intermediate_size=32, attn_logit_softcapping=2.0, final_logit_softcapping=4.0)

# The later mixtures. Where the first layer is dense, there are two more.
EXPERTS = TWO | dict(head_dim=12, num_experts_per_tok=2)
THREE = EXPERTS | dict(num_hidden_layers=3, intermediate_size=32, moe_intermediate_size=16)
GROUPS = dict(n_routed_experts=8, n_group=2, topk_group=1, norm_topk_prob=True, routed_scaling_factor=1.8)
OTHER_GROUPS = [dict(n_group=1, topk_group=1), dict(n_group=2, topk_group=2), dict(norm_topk_prob=False),
                dict(routed_scaling_factor=1.0)]
TIGHT = dict(num_local_experts=8, intermediate_size=20)         # experts as wide as `intermediate_size` says


class Case:
    """One fixture: its configuration, its storage, and similar configurations it must differ from.

    `without` has edits of a loaded model, by name, that remove a feature which no configuration
    switches off. `barely` has configurations, or edits, that differ only slightly, with the smallest
    difference to require. `attempt` goes into the seed: models were drawn until every choice of a
    router was clear and every difference large enough. `extra` has tensors that such files hold
    besides the weights. `drop` is a prefix that the names of tensors lose. `idle` has the ends of
    names of tensors that cannot matter. `attention` is the right kind where transformers' two differ
    (`differ`). `other` is the other kind, if the family has one. `misread` is an edit like `respell`, of
    what released files say and engines understand, but some versions of transformers do not.
    """


    def __init__(self, config, unlike=(), dtype=torch.float32, shard='1GB', respell=None, without=None, barely=(),
                 attempt='', extra=None, attention='eager', other='sdpa', differ=False,
                 idle=(), drop=None, misread=None):
        self.config, self.unlike, self.dtype, self.shard, self.respell = config, unlike, dtype, shard, respell
        self.without, self.barely, self.attempt, self.extra = without or {}, barely, attempt, extra or {}
        self.attention, self.other, self.differ, self.idle, self.drop = attention, other, differ, idle, drop
        self.misread = misread


# Old spellings: edits of config.json that do not change the model. Such files usually hold 16-bit
# weights.

def old(edit):
    return dict(respell=edit, dtype=torch.bfloat16)


def drawn(attempt):
    """Of a mixture: which draw made all choices clear. The weights have 16 bits to keep the files small."""
    return dict(attempt=f' {attempt}', dtype=torch.bfloat16)


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


def old_gemma1(config):
    """As in the released files."""
    old_scaling('type')(config)
    config['hidden_activation'] = None
    del config['tie_word_embeddings'], config['use_bidirectional_attention'], config['attention_bias']


def wrong_gelu(config):
    """As in the released files, which name the wrong gelu, and mean the other."""
    config['hidden_act'] = 'gelu'


def named_mistral(config):
    config['model_type'], config['architectures'] = 'mistral', ['MistralForCausalLM']


def old_partial(config):
    """Moves base and share of the rotation to the top level."""
    config['partial_rotary_factor'] = config['rope_parameters'].pop('partial_rotary_factor')
    old_scaling('type')(config)


def old_phi3(config):
    """As in Phi-4-mini: only the two lists of factors are in `rope_scaling`."""
    old_partial(config)
    del config['rope_scaling']['original_max_position_embeddings']


def old_cohere2(config):
    """Replaces `layer_types` by a pattern: every fourth layer is full."""
    old_scaling('type')(config)
    del config['layer_types'], config['head_dim'], config['tie_word_embeddings']
    config['sliding_window_pattern'] = 4


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


def old_gemma2(config):
    """Removes `layer_types`, of which the even ones slide, and the tying switch."""
    old_scaling('type')(config)
    del config['layer_types'], config['tie_word_embeddings'], config['use_bidirectional_attention']
    config['hidden_act'], config['cache_implementation'] = config['hidden_activation'], 'hybrid'


def old_olmo3(config):
    """One base, and a scaling of the full layers only, which the file does not say."""
    full = config.pop('rope_parameters')['full_attention']
    config['rope_theta'] = int(full.pop('rope_theta'))
    config['rope_scaling'] = full
    config['torch_dtype'] = config.pop('dtype')


def old_exaone4(config):
    """Adds the pattern as letters; `layer_types` stays, as in the released files."""
    old_scaling('rope_type')(config)
    config['sliding_window_pattern'] = 'LLLG'


def old_hunyuan(config):
    """Adds what the released files have besides, and what then has no effect."""
    old_scaling('type')(config)
    config['rope_scaling'] |= dict(beta_fast=32, beta_slow=1, mscale=1.0, mscale_all_dim=1.0)
    config['attention_head_dim'], config['use_qk_norm'], config['use_cla'] = config['head_dim'], True, False


def old_seed(config):
    """As in the released files, whose `rope_scaling` says that there is none."""
    old_scaling('rope_type')(config)
    config['rope_scaling'] = dict(rope_type='default')


def old_falcon(config):
    """Removes what the released files lack: base, key/value heads, width of the MLP."""
    for key in ('rope_parameters', 'num_kv_heads', 'ffn_hidden_size', 'activation', 'num_ln_in_parallel_attn',
        'max_position_embeddings',
                'tie_word_embeddings'):
        del config[key]
    config['torch_dtype'] = config.pop('dtype')


def old_bloom(config):
    config['n_embed'] = config.pop('hidden_size')
    del config['tie_word_embeddings']
    config['torch_dtype'] = config.pop('dtype')


def old_gpt(config):
    del config['tie_word_embeddings']
    config['torch_dtype'] = config.pop('dtype')


def rotated_channels(config):
    """The rotated channels as a number."""
    config['rotary_dim'] = int(config['rope_scaling'].pop('partial_rotary_factor') * config['head_dim'])
    config['rope_scaling'] = None


def old_minimax(config):
    """Rotation at the top level, and switches that are always on."""
    old_scaling('type')(config)
    config['scoring_func'], config['use_routing_bias'], config['use_qk_norm'] = 'sigmoid', True, True


def old_afmoe(config):
    """Replaces `layer_types` by a number: every second layer is full."""
    old_scaling('type')(config)
    del config['layer_types']


def old_exaone_moe(config):
    """Says only how many of the first layers are dense."""
    old_scaling('type')(config)
    del config['mlp_layer_types']


def old_neo(config):
    """Removes one of the two lists that say the same."""
    old_gpt(config)
    del config['attention_layers']


def gpt_masks(attention, layers, positions):
    """Returns the constants that old GPT-J and GPT-Neo files hold for each layer."""
    mask = torch.ones(1, 1, positions, positions, dtype=torch.bool).tril()
    return {f'transformer.h.{layer}.{attention}.{name}': value.clone() for layer in range(layers)
            for name, value in dict(bias=mask, masked_bias=torch.tensor(-1e9)).items()}


def gpt2_masks(layers, positions):
    """Returns the constants that old GPT-2 files hold for each layer."""
    return {f'h.{layer}.attn.bias': torch.ones(1, 1, positions, positions).tril() for layer in range(layers)}


def masks(layers, positions, turning):
    """Returns the constants that old GPT-NeoX files hold for each layer."""
    mask = torch.ones(1, 1, positions, positions).tril()
    return {f'gpt_neox.layers.{layer}.attention.{name}': value for layer in range(layers) for name, value in {
        'bias': mask.to(torch.uint8 if layer == 0 else torch.bool),
        'masked_bias': torch.tensor(-1e9).half(),
        'rotary_emb.inv_freq': (100.0 ** (-torch.arange(0, turning, 2) / turning)).half()}.items()}


def plain_embedding(model):
    model.model.embed_tokens.embed_scale.fill_(1)


def attentions(model):
    return [module for module in model.modules() if hasattr(module, 'q_proj')]


def norms_by_head(model):
    """Normalises queries and keys by head instead of all together; the gains remain."""
    for attention in attentions(model):
        for norm in attention.q_norm, attention.k_norm:
            def forward(x, norm=norm, size=attention.head_dim):
                heads = x.unflatten(-1, (-1, size))
                return (heads * heads.pow(2).mean(-1, keepdim=True).add(norm.variance_epsilon).rsqrt()).flatten(-2) * norm.weight
            norm.forward = forward


def norms_before_rotation(model):
    """Hunyuan: swaps the order of norms and rotation, by normalising what the rotation gets."""
    for attention in attentions(model):
        for project, norm in (attention.q_proj, attention.query_layernorm), (attention.k_proj, attention.key_layernorm):
            def hook(module, inputs, output, norm=norm.forward, size=attention.head_dim):
                return norm(output.unflatten(-1, (-1, size))).flatten(-2)
            project.register_forward_hook(hook)
            norm.forward = lambda x: x


def rotate_halves(model):
    """Rotates the pairs (i, i + n/2) where the family has (2i, 2i + 1).

    Does so by a new order of the rows of q_proj and k_proj: products of queries and keys are those
    that the other pairs would give.
    """
    for attention in attentions(model):
        turning = getattr(attention, 'rotary_dim', None) or 2 * len(model.model.rotary_emb.inv_freq)
        order = torch.cat((torch.arange(turning).view(2, -1).T.flatten(), torch.arange(turning, attention.head_dim)))
        for project in attention.q_proj, attention.k_proj:
            for parameter in project.parameters():
                parameter.data = parameter.data.unflatten(0, (-1, attention.head_dim))[:, order].flatten(0, 1)


def erf_gelu(model):
    for layer in model.model.layers: layer.mlp.act_fn = torch.nn.GELU()
    return model


def other_gelu(model):
    """Replaces the tanh form by the exact one, or the other way round, where no configuration does."""
    for module in list(model.modules()):
        if hasattr(module, 'gelu_impl'): module.gelu_impl = torch.nn.GELU()             # BLOOM
        if isinstance(module, torch.nn.GELU): module.approximate = 'tanh'               # MPT
    return model


def earlier_positions(model):
    """OPT: ignores that the first two rows belong to no position."""
    rows = model.model.decoder.embed_positions.weight
    rows.data = rows.data.roll(2, 0)


def scaled_queries(model):
    """GPT-Neo: scales by the size of a head, as all others do."""
    for attention in attentions(model): attention.q_proj.weight.data *= attention.head_dim ** -0.5


def groups_by_best(model):
    """Ranks groups of experts by their best one instead of their best two."""
    for router in model.modules():
        if hasattr(router, 'topk_group'):
            def forward(x, router=router):
                scores = (x.flatten(0, -2) @ router.weight.T).sigmoid()
                groups = (scores + router.e_score_correction_bias).unflatten(-1, (router.num_group, -1))
                best = groups.max(-1).values
                least = best.topk(router.topk_group).values[:, -1:]
                chosen = groups.masked_fill((best < least)[..., None], -math.inf).flatten(-2).topk(router.top_k).indices
                weights = scores.gather(1, chosen)
                return None, weights / weights.sum(-1, keepdim=True) * router.routed_scaling_factor, chosen
            router.forward = forward


def unshared(model):
    """Switches the shared experts off."""
    for name, parameter in model.named_parameters():
        if 'shared' in name and 'down_proj' in name: parameter.data.zero_()


def ungated(model):
    """Qwen 2: always uses half of the shared expert."""
    for name, parameter in model.named_parameters():
        if 'shared_expert_gate' in name: parameter.data.zero_()


def ungated_attention(model):
    """AFMoE: always uses half of the attention."""
    for attention in attentions(model): attention.gate_proj.weight.data.zero_()


SHARED = {'shared experts': unshared}


def mpt_with(**change):
    def edit(model):
        for block in model.transformer.blocks: vars(block.attn).update(change)
    return edit


def alibi(change):
    """Changes the biases that the family's module gives for distances."""
    def edit(model):
        module, forward = sys.modules[type(model).__module__], model.forward
        names = '_get_alibi_slopes', 'build_mpt_alibi_tensor', 'build_alibi_tensor'            # of BLOOM, MPT, Falcon
        name = next(name for name in names if hasattr(module, name))
        build = getattr(module, name)

        def changed(*arguments, **rest):
            setattr(module, name, lambda *arguments, **rest: change(build(*arguments, **rest)))
            try: return forward(*arguments, **rest)
            finally: setattr(module, name, build)

        model.forward = changed
    return edit


ALIBI = {'alibi': alibi(lambda bias: 0 * bias), 'order of slopes': alibi(lambda bias: bias.sort(0).values)}
UNSCALED = {'alibi by head size': alibi(lambda bias: 2 * bias)}     # Falcon divides it by the root of the head's size, 4


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
    'olmo2': Case(Olmo2Config(**TWO, **rope(PLAIN)), unlike=[THETA], without={'norms over all heads': norms_by_head}),
    'olmo2-biases': Case(Olmo2Config(**TWO, **rope(PLAIN), attention_bias=True)),
    'olmo2-old': Case(Olmo2Config(**TWO, **rope(PLAIN)), **old(old_scaling('rope_type'))),
    'olmo': Case(OlmoConfig(**TWO, **rope(PLAIN), clip_qkv=0.9), unlike=[THETA, dict(clip_qkv=None), dict(clip_qkv=0.8)]),
    'olmo-unclipped': Case(OlmoConfig(**TWO, **rope(PLAIN)), unlike=[THETA, dict(clip_qkv=3.0)]),
    'olmo3': Case(Olmo3Config(**FOUR_WIDE, **MIXED, **ropes(PLAIN, YARN)), unlike=OTHER_KINDS + [
        ropes(PLAIN, PLAIN), ropes(YARN, YARN), ropes(YARN, PLAIN), ropes(PLAIN, LINEAR)],
        without={'norms over all heads': norms_by_head}),
    'gemma2': Case(Gemma2Config(**GEMMA2, **rope(PLAIN)), other=None, unlike=OTHER_KINDS + [
        THETA, dict(query_pre_attn_scalar=12), dict(attn_logit_softcapping=None), dict(final_logit_softcapping=None),
        dict(attn_logit_softcapping=2.5), dict(final_logit_softcapping=5.0), dict(hidden_activation='silu')],
        without={'embedding scale': plain_embedding}, barely=[(dict(hidden_activation='gelu'), 0.003)]),
    'gemma': Case(GemmaConfig(**GEMMA1, **rope(PLAIN)), attempt=' 1', unlike=[THETA, dict(hidden_act='silu')],
                  without={'embedding scale': plain_embedding}, barely=[(erf_gelu, 0.003)]),
    'gemma-old': Case(GemmaConfig(**GEMMA1, **rope(PLAIN)), **old(old_gemma1), misread=wrong_gelu, unlike=[THETA], barely=[(erf_gelu, 0.003)]),
    'granite': Case(GraniteConfig(**TWO | dict(head_dim=12), **rope(PLAIN), embedding_multiplier=3.0, residual_multiplier=0.6,
                                  attention_multiplier=0.2, logits_scaling=1.5), unlike=[
        THETA, dict(embedding_multiplier=1.0), dict(residual_multiplier=1.0), dict(attention_multiplier=12 ** -0.5),
        dict(logits_scaling=1.0), dict(attention_multiplier=1.0)]),
    'smollm3': Case(SmolLM3Config(**FOUR | dict(head_dim=12), **rope(PLAIN), no_rope_layer_interval=2), unlike=[
        THETA, dict(no_rope_layers=[1, 1, 1, 1]), dict(no_rope_layers=[0, 1, 0, 1]), dict(no_rope_layers=[1, 1, 1, 0])]),
    'seed-oss': Case(SeedOssConfig(**TWO | dict(head_dim=12), **rope(PLAIN)), unlike=[THETA]),
    'exaone4': Case(Exaone4Config(**FOUR | dict(head_dim=12), **MIXED, **rope(PLAIN)), unlike=[THETA] + OTHER_KINDS),
    'exaone4-full': Case(Exaone4Config(**FOUR | dict(head_dim=12), **rope(PLAIN), **kinds('FFFF'), sliding_window=None), unlike=[
        THETA, dict(sliding_window=8)]),            # (a window, even if no layer has it, stops the rotation)
    'hunyuan-v1-dense': Case(HunYuanDenseV1Config(**TWO | dict(head_dim=12), **rope(ALPHA)), unlike=[
        rope(PLAIN), rope(ALPHA | dict(alpha=20.0))], without={'norms after rotation': norms_before_rotation}),
    'apertus': Case(ApertusConfig(**TWO_WIDE | dict(head_dim=12), **rope(LLAMA3)), unlike=[rope(PLAIN), rope(LINEAR)]),
    'starcoder2': Case(Starcoder2Config(**TWO, **rope(PLAIN), sliding_window=8), unlike=[
        THETA, dict(sliding_window=None), dict(sliding_window=7), dict(sliding_window=9), dict(hidden_act='silu')],
        barely=[(dict(hidden_act='gelu'), 0.004)]),
    'vaultgemma': Case(VaultGemmaConfig(**GEMMA2, **rope(PLAIN)), other=None, unlike=OTHER_KINDS + [
        THETA, dict(query_pre_attn_scalar=12), dict(attn_logit_softcapping=None), dict(final_logit_softcapping=None),
        dict(hidden_activation='silu')], without={'embedding scale': plain_embedding}),
    'ministral': Case(MinistralConfig(**FOUR | dict(head_dim=12), **MIXED, **rope(PLAIN)), unlike=[THETA] + OTHER_KINDS),
    'ministral3': Case(Ministral3Config(**TWO_WIDE | dict(head_dim=20), **rope(YARN_SCALED), sliding_window=None), unlike=[
        dict(sliding_window=8), rope(YARN_SCALED | dict(llama_4_scaling_beta=0.0)), rope(YARN_SCALED | dict(factor=1.0)),
        rope({key: value for key, value in YARN_SCALED.items() if 'mscale' not in key}),
        rope(YARN_SCALED | dict(original_max_position_embeddings=32))]),
    'mistral-layers': Case(MinistralConfig(**FOUR | dict(head_dim=12), **MIXED, **rope(PLAIN)), respell=named_mistral,
                           unlike=[THETA] + OTHER_KINDS),
    'nemotron': Case(NemotronConfig(**TWO | dict(head_dim=12), **rope(HALF), attention_bias=True, mlp_bias=True, norm_eps=0.05),
                     unlike=[rope(HALF | dict(rope_theta=10000.0)), rope(WHOLE),
                             dict(hidden_act='relu'), dict(norm_eps=1e-5)]),
    'jais2': Case(Jais2Config(**TWO | dict(head_dim=12), **rope(PLAIN), layer_norm_eps=0.05), unlike=[
        THETA, dict(hidden_act='relu'), dict(layer_norm_eps=1e-5)]),
    'helium': Case(HeliumConfig(**TWO | dict(head_dim=8), **rope(PLAIN)), unlike=[THETA], without={'pairs': rotate_halves}),
    'phi3': Case(Phi3Config(**TWO, **rope(PLAIN), sliding_window=8), unlike=[
        THETA, dict(sliding_window=None), dict(sliding_window=7), dict(sliding_window=9)]),
    'phi3-longrope': Case(Phi3Config(**TWO_WIDE, **rope(LONG), original_max_position_embeddings=32), unlike=[
        rope(PLAIN), rope(LONG | dict(long_factor=LONG['short_factor'])), rope(LONG | dict(short_factor=LONG['long_factor'])),
        rope(LONG | dict(attention_factor=1.0)), dict(original_max_position_embeddings=33),
        dict(original_max_position_embeddings=6), dict(original_max_position_embeddings=64)]),
    'phi3-partial': Case(Phi3Config(**TWO_WIDE, **rope(PLAIN | dict(partial_rotary_factor=0.75))),
        unlike=[rope(PLAIN), rope(HALF)]),
    'phi3-old': Case(Phi3Config(**TWO_WIDE, **rope(LONG_PARTIAL), original_max_position_embeddings=32), **old(old_phi3)),
    'phi': Case(PhiConfig(**TWO_WIDE, **rope(HALF), layer_norm_eps=0.05), unlike=[
        rope(WHOLE), rope(HALF | dict(rope_theta=10000.0)), dict(layer_norm_eps=1e-5), dict(hidden_act='relu')],
        barely=[(dict(hidden_act='gelu'), 0.004)]),
    'phi-norms': Case(PhiConfig(**TWO_WIDE, **rope(HALF), qk_layernorm=True)),
    'phi-old': Case(PhiConfig(**TWO_WIDE, **rope(HALF)), **old(old_partial)),
    'glm': Case(GlmConfig(**TWO | dict(head_dim=12), **rope(HALF)), unlike=[rope(PLAIN), rope(HALF | dict(rope_theta=10000.0))],
                without={'pairs': rotate_halves}),
    'glm4': Case(Glm4Config(**TWO | dict(head_dim=12), **rope(HALF)), unlike=[rope(PLAIN), rope(HALF | dict(rope_theta=10000.0))],
                 without={'pairs': rotate_halves}),
    'glm4-old': Case(Glm4Config(**TWO | dict(head_dim=12), **rope(HALF)), **old(old_partial)),
    'cohere': Case(CohereConfig(**TWO, **rope(PLAIN), logit_scale=0.7, layer_norm_eps=0.05), unlike=[
        THETA, dict(logit_scale=1.0), dict(layer_norm_eps=1e-5)], without={'pairs': rotate_halves}),
    'cohere-norms': Case(CohereConfig(**TWO, **rope(PLAIN), logit_scale=0.7, use_qk_norm=True), unlike=[THETA]),
    'cohere2': Case(Cohere2Config(**FOUR, **MIXED, **rope(PLAIN), logit_scale=0.7),
        unlike=[THETA, dict(logit_scale=1.0)] + OTHER_KINDS,
                    without={'pairs': rotate_halves}),
    'cohere2-old': Case(Cohere2Config(**FOUR, **rope(PLAIN), logit_scale=0.7, sliding_window=8), **old(old_cohere2),
        unlike=OTHER_KINDS),
    'ernie4-5': Case(Ernie4_5Config(**TWO | dict(head_dim=12), **rope(PLAIN)), unlike=[THETA], without={'pairs': rotate_halves}),
    'ernie4-5-biases': Case(Ernie4_5Config(**TWO | dict(head_dim=12), **rope(PLAIN), use_bias=True, tie_word_embeddings=False),
                            unlike=[THETA]),
    'stablelm': Case(StableLmConfig(**TWO_WIDE, **rope(QUARTER), use_qkv_bias=True, layer_norm_eps=0.05), unlike=[
        rope(WHOLE), rope(HALF), rope(QUARTER | dict(rope_theta=10000.0)), dict(layer_norm_eps=1e-5)]),
    'stablelm-parallel': Case(StableLmConfig(**TWO_WIDE, **rope(QUARTER), use_parallel_residual=True), unlike=[rope(HALF)]),
    'stablelm-norms': Case(StableLmConfig(**TWO, **rope(QUARTER), qk_layernorm=True), unlike=[rope(HALF)]),
    'stablelm-old': Case(StableLmConfig(**TWO_WIDE, **rope(QUARTER), use_qkv_bias=True), **old(old_partial)),
    # Without a rotation, a bias of the keys adds the same to all scores of a query.
    'opt': Case(OPTConfig(**OPT), idle=('k_proj.bias',), unlike=[dict(activation_function='gelu')],
        without={'two rows': earlier_positions}),
    # as in OPT-350M
    'opt-projected': Case(OPTConfig(**OPT, do_layer_norm_before=False, word_embed_proj_dim=24), idle=('k_proj.bias',)),
    'gpt2': Case(GPT2Config(**GPT2, layer_norm_epsilon=0.05), unlike=[dict(layer_norm_epsilon=1e-5),
        dict(activation_function='relu'),
        dict(scale_attn_by_inverse_layer_idx=True)], barely=[(dict(activation_function='gelu'), 0.003)]),
    'gpt2-scales': Case(GPT2Config(**GPT2, n_inner=40, scale_attn_by_inverse_layer_idx=True, scale_attn_weights=False,
                                   tie_word_embeddings=False), unlike=[
        dict(scale_attn_by_inverse_layer_idx=False), dict(scale_attn_weights=True)]),
    'bloom': Case(BloomConfig(**SIX_HEADS, layer_norm_epsilon=0.05), other=None, without=ALIBI, unlike=[
        dict(apply_residual_connection_post_layernorm=True), dict(layer_norm_epsilon=1e-5)], barely=[(other_gelu, 0.003)]),
    'bloom-residuals': Case(BloomConfig(**SIX_HEADS, apply_residual_connection_post_layernorm=True), other=None),
    'falcon': Case(FalconConfig(**FALCON, **rope(PLAIN)), attempt=' 2', unlike=[THETA, dict(activation='relu')],
                   barely=[(dict(activation='gelu_new'), 0.003)]),
    'falcon-groups': Case(FalconConfig(**FALCON, **rope(PLAIN), new_decoder_architecture=True, num_kv_heads=2), unlike=[THETA]),
    'falcon-groups-one-norm': Case(FalconConfig(**FALCON, **rope(PLAIN), new_decoder_architecture=True, num_kv_heads=2,
                                                num_ln_in_parallel_attn=1), unlike=[THETA]),
    'falcon-alibi': Case(FalconConfig(**FALCON | dict(hidden_size=24, num_attention_heads=6), alibi=True, multi_query=False,
                                      parallel_attn=False, bias=True), attention='sdpa', other='eager', differ=True,
                         without=ALIBI | UNSCALED),
    'mpt': Case(MptConfig(**MPT), other=None, without=ALIBI, barely=[(other_gelu, 0.003)]),
    'mpt-clipped': Case(MptConfig(**MPT, attn_config=dict(clip_qkv=0.9, softmax_scale=0.3)), other=None,
                        without={'clip': mpt_with(clip_qkv=0.8), 'scale': mpt_with(softmax_scale=0.5)}),
    'gptj': Case(GPTJConfig(**GPT2, rotary_dim=4), other=None, unlike=[dict(rotary_dim=2), dict(rotary_dim=8)],
        without={'pairs': rotate_halves},
                 barely=[(dict(activation_function='gelu'), 0.003)]),
    'gpt-neo': Case(GPTNeoConfig(**NEO, attention_types=[[['global', 'local'], 2]]), other=None,
        without={'no scale': scaled_queries},
                    unlike=[dict(window_size=7), dict(window_size=9), dict(attention_layers=['global'] * 4),
                            dict(attention_layers=['local'] * 4), dict(attention_layers=['local', 'global'] * 2)],
                    barely=[(dict(activation_function='gelu'), 0.003)]),
    'gpt-bigcode': Case(GPTBigCodeConfig(**GPT2), barely=[(dict(activation_function='gelu'), 0.003)]),
    'gpt-bigcode-heads': Case(GPTBigCodeConfig(**GPT2, multi_query=False)),
    'mixtral': Case(MixtralConfig(**EXPERTS | TIGHT, **rope(PLAIN), sliding_window=None), **drawn(117), unlike=[
        THETA, dict(sliding_window=8), dict(num_experts_per_tok=1), dict(num_experts_per_tok=3)]),
    'olmoe': Case(OlmoeConfig(**TWO | dict(intermediate_size=20), **rope(PLAIN), num_experts=8, num_experts_per_tok=2,
        clip_qkv=0.9), **drawn(3), unlike=[
        THETA, dict(norm_topk_prob=True), dict(clip_qkv=None)], without={'norms over all heads': norms_by_head}),
    'qwen2-moe': Case(Qwen2MoeConfig(**EXPERTS | dict(moe_intermediate_size=16, shared_expert_intermediate_size=24,
        num_experts=8),
                                     **rope(PLAIN)), **drawn(28), unlike=[THETA, dict(norm_topk_prob=True)],
                      without=SHARED | {'gate of the shared expert': ungated}),
    'glm4-moe': Case(Glm4MoeConfig(**THREE, **GROUPS, **rope(HALF), use_qk_norm=True, attention_bias=True, n_shared_experts=2),
        **drawn(1),
                     unlike=OTHER_GROUPS + [rope(PLAIN)], without=SHARED | {'groups by their best two': groups_by_best}),
    'ernie4-5-moe': Case(Ernie4_5_MoeConfig(**{key: value for key, value in THREE.items() if key != 'num_experts_per_tok'},
                                            **rope(PLAIN), moe_num_experts=8, moe_k=2, moe_num_shared_experts=2), **drawn(5),
                                            unlike=[THETA],
                         without=SHARED | {'pairs': rotate_halves}),
    'hunyuan-v1-moe': Case(HunYuanMoEV1Config(**EXPERTS | dict(intermediate_size=20), **rope(ALPHA), num_experts=8, moe_topk=2),
        **drawn(6),
                           unlike=[rope(PLAIN)], without=SHARED | {'norms after rotation': norms_before_rotation}),
    'minimax-m2': Case(MiniMaxM2Config(**EXPERTS | TIGHT, **rope(HALF)), **drawn(4),
        unlike=[rope(PLAIN), dict(num_experts_per_tok=3)],
                       without={'norms over all heads': norms_by_head}),
    'afmoe': Case(AfmoeConfig(**THREE, **kinds('SFS'), sliding_window=8, **rope(PLAIN), num_experts=8, num_shared_experts=1,
                              route_scale=1.8, mup_enabled=True), **drawn(2), unlike=[
        THETA, dict(mup_enabled=False), dict(route_scale=1.0), dict(sliding_window=7), dict(sliding_window=9), kinds('SSS'),
        kinds('FFF'),
        kinds('FSS')], without=SHARED | {'gate of the attention': ungated_attention}),
    'dots1': Case(Dots1Config(**THREE, **GROUPS | dict(n_group=4, topk_group=2), **rope(PLAIN), n_shared_experts=1,
        first_k_dense_replace=1,
                              **kinds('FSF'), sliding_window=8), **drawn(4), unlike=[
        THETA, dict(n_group=1, topk_group=1), dict(n_group=4, topk_group=1), dict(n_group=4, topk_group=3),
        dict(norm_topk_prob=False),
        dict(routed_scaling_factor=1.0), kinds('FFF'), kinds('SSS')],
        without=SHARED | {'groups by their best two': groups_by_best}),
    'flex-olmo': Case(FlexOlmoConfig(**TWO | dict(intermediate_size=20), **rope(PLAIN), num_experts=8, num_experts_per_tok=2),
        **drawn(5),
                      unlike=[THETA, dict(num_experts_per_tok=3)],           # (the norm that follows cancels the weights' sum)
                      without={'norms over all heads': norms_by_head}),
    'granitemoe': Case(GraniteMoeConfig(**EXPERTS | TIGHT, **rope(PLAIN), embedding_multiplier=3.0, residual_multiplier=0.6,
                                        attention_multiplier=0.2, logits_scaling=1.5), **drawn(1), unlike=[
        THETA, dict(embedding_multiplier=1.0), dict(residual_multiplier=1.0), dict(attention_multiplier=12 ** -0.5),
        dict(logits_scaling=1.0), dict(num_experts_per_tok=3)]),
    'phimoe': Case(PhimoeConfig(**EXPERTS | TIGHT, **rope(PLAIN), attention_bias=True, lm_head_bias=True,
        router_jitter_noise=0.3), **drawn(7),
                   unlike=[THETA, dict(router_jitter_noise=0.01)]),
    'phimoe-longrope': Case(PhimoeConfig(**EXPERTS | TIGHT | dict(head_dim=16), **rope(LONG_SCALED)), **drawn(3), unlike=[
        rope(PLAIN), rope(LONG_SCALED | dict(short_mscale=1.0)), rope(LONG_SCALED | dict(long_mscale=1.0))]),
    'exaone-moe': Case(ExaoneMoeConfig(**THREE, **kinds('SFS'), sliding_window=8, **rope(PLAIN), num_experts=8,
        num_shared_experts=1,
                                       n_group=2, topk_group=1, routed_scaling_factor=1.8), **drawn(3), unlike=OTHER_GROUPS + [
        THETA, kinds('SSS'), kinds('FFF'), kinds('FSS')], without=SHARED | {'groups by their best two': groups_by_best}),
    'solar-open': Case(SolarOpenConfig(**EXPERTS | dict(moe_intermediate_size=16), **GROUPS, **rope(PLAIN), n_shared_experts=1),
        **drawn(2),
                       unlike=OTHER_GROUPS + [THETA], without=SHARED | {'groups by their best two': groups_by_best}),
    # Old spellings and other options of the families above.
    'olmo3-old': Case(Olmo3Config(**FOUR_WIDE, **kinds('SSSF'), sliding_window=8, **ropes(PLAIN | dict(rope_theta=500000.0),
                                                                                        YARN | dict(rope_theta=500000.0))),
                                                                                        **old(old_olmo3)),
    'gemma2-old': Case(Gemma2Config(**GEMMA2 | kinds('SFSF'), **rope(PLAIN)), **old(old_gemma2), other=None),
    'granite-old': Case(GraniteConfig(**TWO, **rope(PLAIN), embedding_multiplier=3.0, residual_multiplier=0.6,
        attention_multiplier=0.2,
                                      logits_scaling=1.5, attention_bias=True, mlp_bias=True, tie_word_embeddings=True),
                        **old(old_scaling('type'))),
    'smollm3-sliding': Case(SmolLM3Config(**FOUR, **rope(PLAIN), no_rope_layers=[0, 1, 1, 0], use_sliding_window=True,
        sliding_window=8),
                            **old(old_scaling('type')), unlike=[dict(no_rope_layers=[1] * 4), kinds('FFFF'), kinds('SSSS')]),
    'seed-oss-old': Case(SeedOssConfig(**TWO | dict(head_dim=12), **rope(PLAIN), attention_out_bias=True), **old(old_seed)),
    'exaone4-old': Case(Exaone4Config(**FOUR_WIDE, **kinds('SSSF'), sliding_window=8, **rope(LLAMA3)), **old(old_exaone4),
        unlike=[rope(PLAIN)]),
    'hunyuan-v1-dense-old': Case(HunYuanDenseV1Config(**TWO | dict(head_dim=12), **rope(ALPHA), tie_word_embeddings=True),
        **old(old_hunyuan)),
    'apertus-old': Case(ApertusConfig(**TWO_WIDE, **rope(LLAMA3)), **old(old_scaling('rope_type')), attempt=' 1'),
    'arcee-biases': Case(ArceeConfig(**TWO | dict(head_dim=12), **rope(PLAIN), attention_bias=True, mlp_bias=True)),
    'starcoder2-unbiased': Case(Starcoder2Config(**TWO, **rope(PLAIN), use_bias=False, tie_word_embeddings=False),
                                **old(old_scaling('type')), unlike=[dict(sliding_window=8)]),
    'ministral-sliding': Case(MinistralConfig(**TWO | dict(head_dim=8), **rope(PLAIN), sliding_window=8), unlike=[kinds('FF')]),
    'nemotron-old': Case(NemotronConfig(**TWO, **rope(HALF)), **old(old_partial)),
    'cohere-old': Case(CohereConfig(**TWO, **rope(PLAIN), logit_scale=0.7, attention_bias=True), **old(old_scaling('type'))),
    'ernie4-5-old': Case(Ernie4_5Config(**TWO | dict(head_dim=12), **rope(PLAIN)), **old(old_scaling('type'))),
    'helium-biases': Case(HeliumConfig(**TWO | dict(head_dim=8), **rope(PLAIN), attention_bias=True)),
    'gpt2-old': Case(GPT2Config(**GPT2), **old(old_gpt), drop='transformer.', extra=gpt2_masks(2, 64)),
    'bloom-old': Case(BloomConfig(**SIX_HEADS), **old(old_bloom), drop='transformer.', other=None),
    'falcon-old': Case(FalconConfig(**{key: value for key, value in FALCON.items() if key not in ('ffn_hidden_size',
        'max_position_embeddings')}
                                    | dict(hidden_size=24)), **old(old_falcon)),
    'mixtral-sliding': Case(MixtralConfig(**EXPERTS | TIGHT, **rope(PLAIN), sliding_window=8, tie_word_embeddings=True),
        **drawn(1),
                            respell=old_scaling('type'), unlike=[dict(sliding_window=None)]),
    'qwen2-moe-layers': Case(Qwen2MoeConfig(**THREE | dict(shared_expert_intermediate_size=24, num_experts=8), **rope(PLAIN),
                                            norm_topk_prob=True, mlp_only_layers=[0], qkv_bias=False), **drawn(24),
                             respell=old_scaling('type'), unlike=[dict(norm_topk_prob=False)]),
    'glm4-moe-old': Case(Glm4MoeConfig(**THREE, **rope(HALF), n_routed_experts=8, n_shared_experts=1), **drawn(1),
        respell=old_partial),
    'hunyuan-v1-moe-list': Case(HunYuanMoEV1Config(**EXPERTS | dict(intermediate_size=20), **rope(ALPHA), num_experts=8,
        moe_topk=[2, 3]),
                                **drawn(47), respell=old_hunyuan),
    'minimax-m2-old': Case(MiniMaxM2Config(**EXPERTS | TIGHT, **rope(HALF)), **drawn(3), respell=old_minimax, misread=rotated_channels),
    'afmoe-old': Case(AfmoeConfig(**THREE, sliding_window=8, **rope(PLAIN), num_experts=8, num_shared_experts=2,
        num_dense_layers=1,
                                  global_attn_every_n_layers=2), **drawn(5), respell=old_afmoe,
                                  unlike=[kinds('FFF'), kinds('SSS')]),
    'exaone-moe-old': Case(ExaoneMoeConfig(**THREE, **kinds('SFS'), sliding_window=8, **rope(PLAIN), num_experts=8), **drawn(1),
                           respell=old_exaone_moe),
    'ernie4-5-moe-interval': Case(Ernie4_5_MoeConfig(**{key: value for key,
        value in THREE.items() if key != 'num_experts_per_tok'}
                                                     | dict(num_hidden_layers=4), **rope(PLAIN), moe_num_experts=8, moe_k=3,
                                                     moe_num_shared_experts=1, moe_layer_interval=2, use_bias=True), **drawn(16),
                                  respell=old_scaling('type'), unlike=[THETA]),
    'opt-old': Case(OPTConfig(**OPT), **old(old_gpt), drop='model.', idle=('k_proj.bias',)),
    'gptj-old': Case(GPTJConfig(**GPT2, rotary_dim=4), other=None, **old(old_gpt), extra=gpt_masks('attn', 2, 64)),
    'gpt-neo-old': Case(GPTNeoConfig(**NEO | dict(num_layers=2), attention_types=[[['global', 'local'], 1]]), **old(old_neo),
        other=None,
                        extra=gpt_masks('attn.attention', 2, 64)),
}


FROM_ONE = ('gemma', 'gemma2', 'gemma3_text', 'vaultgemma', 'nemotron')


def is_norm(name):
    return 'norm' in name or any(part.startswith('ln_') for part in name.split('.'))


def neutral(name, config):
    """Returns the value of a small tensor that does nothing: a gain of 1, which some families store
    as its difference from one, and else 0."""
    gain = 0 if config.model_type in FROM_ONE else 1
    return gain if is_norm(name) and not name.endswith('bias') else 0


# Families that example programs add.
EXAMPLES = {
    'arcee': Case(ArceeConfig(**SMALL, **rope(PLAIN)), unlike=[dict(hidden_act='relu')]),
}


FIRST = ('dense_h_to_4h.bias', 'c_fc.bias', 'fc1.bias', 'fc_in.bias')                     # of an MLP without a gate
SECOND = ('dense_4h_to_h.weight', 'mlp.c_proj.weight', 'fc2.weight', 'fc_out.weight')
FUSED = ('query_key_value', 'qkv', 'c_attn')
CHOICE = ('correction_bias', 'expert_bias')                                          # added where a router chooses
ROUTERS = ('mlp.gate.weight', 'block_sparse_moe.gate.weight', 'router.weight', 'router.gate.weight', 'gate.wg.weight',
           'router.layer.weight')


def act(config):
    keys = ('hidden_activation', 'hidden_act', 'activation_function', 'activation')
    return next((getattr(config, key) for key in keys if hasattr(config, key)), 'gelu')     # BLOOM and MPT have no choice


def kept_buffers(model):
    """Returns the buffers that are stored with the parameters."""
    stored = model.state_dict()
    return [(name, buffer) for name, buffer in model.named_buffers() if name in stored]


def randomize(model, seed):
    """Sets weights that give residuals near one, peaked attention, and logits a few units apart."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    tied = config.tie_word_embeddings
    turned = {f'{name}.weight' for name, module in model.named_modules() if type(module).__name__ == 'Conv1D'}     # [in, out]
    for name, parameter in list(model.named_parameters()) + kept_buffers(model):
        normal = torch.randn(parameter.shape, generator=generator)
        fan_in = math.sqrt(parameter.shape[0 if name in turned else -1]) if parameter.ndim else 1
        if 'gelu' in act(config) and name.endswith(FIRST): value = 0.5 * normal - 1.5     # where the two gelus differ most
        elif 'gelu' in act(config) and name.endswith(SECOND): value = 3 * normal / fan_in
        elif name.endswith(CHOICE):                 # expert 5 is never chosen in layer 1
            value = 0.15 * normal
            if '.1.' in name: value[..., 5] = -1
        elif name.endswith('bias'): value = 0.5 * normal
        elif config.model_type in ('gemma', 'vaultgemma', 'mpt') and 'down_proj' in name: value = 3 * normal / fan_in
        elif is_norm(name): value = neutral(name, config) + 0.3 * normal.clamp(-2, 2)
        elif name.endswith('act_fn.beta'): value = 0.5 + 0.1 * normal               # of xIELU
        elif name.endswith('act_fn.eps'): value = -0.3 + 0 * normal                 # (so large that it matters)
        elif parameter.ndim == 1: value = 0.5 * normal                              # (scalars of xIELU)
        elif 'embed_positions' in name or 'wpe' in name: value = 0.5 * normal
        elif 'lm_head' in name or (is_embedding(name) and tied): value = 2 * normal / fan_in
        elif is_embedding(name): value = normal
        elif 'q_proj' in name or 'k_proj' in name: value = 1.5 * normal / fan_in
        elif 'query_key_value' in name and config.model_type in ('gpt_neox', 'bloom'):
            value = normal / fan_in                 # rows by head, then by query, key and value
            value.view(config.num_attention_heads, 3, -1)[:, :2] *= 1.5
        elif any(part in name for part in FUSED): value = 1.5 * normal / fan_in
        elif name.endswith(ROUTERS):                # (nor here)
            value = (0.7 if config.model_type == 'flex_olmo' else 2) * normal / fan_in          # (whose input has no norm)
            if '.1.' in name and getattr(config, 'decoder_sparse_step', 1) == 1:
                value[5] = (value.sum(0) - value[5]) / (len(value) - 1)
        else: value = normal / fan_in
        with torch.no_grad(): parameter.copy_(value)


def is_embedding(name):
    return 'embed' in name or 'wte' in name


# Of GPT-Neo and GPT-J, which transformers reports as unknown.
MASKS = ('.attn.attention.bias', '.attn.attention.masked_bias', '.attn.bias', '.attn.masked_bias')


def load(folder, dtype=torch.float32, attention='eager', **changes):
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation=attention,
                                                         experts_implementation='eager', output_loading_info=True, **changes)
    report['unexpected_keys'] = {name for name in report['unexpected_keys'] if not name.endswith(MASKS)}
    assert not any(report.values()), f'{folder.name}: {report}'
    return model.eval()


@torch.no_grad()
def logits(model, ids):
    return {n: model(x[None]).logits[0] for n, x in ids.items()}


def difference(a, b):
    return max((a[n] - b[n]).abs().max().item() for n in a)


def drop_prefix(path, prefix):
    save_file({name.removeprefix(prefix): tensor for name, tensor in load_file(path).items()}, path, metadata=dict(format='pt'))


def add_tensors(path, extra):
    save_file(load_file(path) | extra, path, metadata=dict(format='pt'))


SIGMOID = ('afmoe', 'dots1', 'exaone_moe', 'glm4_moe', 'minimax_m2', 'solar_open')


def clearness(router, inputs, scores, chosen, config):
    """Returns the least gap between what a router chose and the next best, experts or groups."""
    count = chosen.shape[-1]
    if config.model_type == 'phimoe':               # two choices, each with a threshold for what shares its weight
        margins = []
        for best in scores.topk(2).values.T[..., None]:
            ranked = scores.masked_fill(scores > best, -math.inf)
            distances = (best - ranked) / scores.abs().clamp(min=best)
            margins += [ranked.topk(2).values.diff().abs(), (distances - 2 * config.router_jitter_noise).abs()]
        return min(margin.min().item() for margin in margins)
    choice = scores.sigmoid() if config.model_type in SIGMOID else scores.softmax(-1)
    biases = [value for name, value in [*router.named_parameters(), *router.named_buffers()] if name.endswith(CHOICE)]
    choice = choice + sum(biases + list(inputs[1:]))                            # some routers are given the bias
    margins = []
    if getattr(router, 'num_group', 1) > 1:
        groups = choice.unflatten(-1, (router.num_group, -1))
        best = groups.topk(2).values.sum(-1)
        ranked = best.sort(descending=True).values
        margins.append(ranked[:, router.topk_group - 1] - ranked[:, router.topk_group])
        choice = groups.masked_fill((best < ranked[:, [router.topk_group - 1]])[..., None], -math.inf).flatten(-2)
    top = choice.topk(count + 1)
    assert (top.indices[:, :-1].sort().values == chosen.sort().values).all(), 'the router has another rule'
    margins.append(top.values[:, -2] - top.values[:, -1])
    return min(margin.min().item() for margin in margins)


def routing(model, ids):
    """Returns, by router and length, the least margin of a choice, the chosen experts and their number."""
    found, length = {}, None

    def hook(name):
        def look(router, inputs, outputs):
            # In which order they come depends on the family.
            chosen = next(each for each in outputs if not each.is_floating_point())
            scores = max((each for each in outputs if each.is_floating_point()), key=lambda each: each.shape[-1])
            margin = clearness(router, inputs, scores, chosen, model.config)
            found.setdefault(name, {})[length] = (margin, set(chosen.flatten().tolist()), scores.shape[-1])
        return look

    hooks = [module.register_forward_hook(hook(name)) for name, module in model.named_modules()
             if type(module).__name__.endswith(('TopKRouter', 'TopkRouter', 'ChoiceRouter', 'MoEV1Gate'))]
    for length, x in ids.items(): logits(model, {length: x})
    for each in hooks: each.remove()
    return found


def check_routing(name, model, ids):
    found = routing(model, ids)
    assert bool(found) == any(tensor.ndim == 3 for tensor in model.parameters()), f'{name}: no router was found'
    if not found: return
    longest, experts = LENGTHS[-1], set(range(next(iter(found.values()))[LENGTHS[-1]][2]))
    margin = min(margin for layer in found.values() for margin, *_ in layer.values())
    assert margin > CLEAR, f'{name}: a choice of experts is clear by only {margin}'
    hit = set().union(*(layer[longest][1] for layer in found.values()))
    assert hit == experts, f'{name}: no layer chooses the experts {experts - hit}'
    never = {layer: experts - set().union(*(chosen for _, chosen, _ in lengths.values())) for layer, lengths in found.items()}
    print(f'{name:28} choices clear by {margin:.4f}; never chosen: {never}')
    for layer in never:
        if len(found) > 1 and '.1.' in layer: assert never[layer], f'{name}: every expert is chosen'


def edit_configuration(folder, edit):
    path = folder / 'config.json'
    config = json.loads(path.read_text())
    edit(config)
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + '\n')


def write(folder, case, metadata):
    seed = zlib.crc32((folder.name + case.attempt).encode())
    model = AutoModelForCausalLM.from_config(
        case.config, dtype=torch.float32, attn_implementation=case.attention).eval()
    randomize(model, seed)
    generator = torch.Generator().manual_seed(seed + 1)
    ids = {n: torch.randint(case.config.vocab_size, (n,), generator=generator) for n in LENGTHS}
    built = logits(model, ids)
    model.to(case.dtype).save_pretrained(folder, max_shard_size=case.shard)
    (folder / 'generation_config.json').unlink()
    if case.drop: drop_prefix(folder / 'model.safetensors', case.drop)
    if case.extra: add_tensors(folder / 'model.safetensors', case.extra)

    def reload(**changes):
        return load(folder, **dict(attention=case.attention) | changes)

    model = reload()
    golden = logits(model, ids)
    check_routing(folder.name, model, ids)
    if case.respell:
        edit_configuration(folder, case.respell)
        assert difference(golden, logits(reload(), ids)) == 0, f'{folder.name}: the old spelling is another model'
    save_file({f'input_ids.{n}': x for n, x in ids.items()} | {f'logits.{n}': x.contiguous() for n, x in golden.items()},
              folder / 'golden.safetensors', metadata=metadata)

    effects = []
    for change in case.unlike:
        effects.append((difference(golden, logits(reload(**change), ids)), change))
    for what, edit in case.without.items():
        changed = reload()
        edit(changed)
        effects.append((difference(golden, logits(changed, ids)), what))
    for change, enough in case.barely:
        effect = difference(golden, logits(reload(**change) if isinstance(change, dict) else change(reload()), ids))
        change = change if isinstance(change, dict) else change.__name__
        assert effect > enough, f'{folder.name}: {change} moves logits by only {effect}'
        print(f'{folder.name:28} {change} moves logits by {effect:.4f}')
    for name, tensor in list(model.named_parameters()) + kept_buffers(model):
        if (tensor.ndim < 2 or is_norm(name) or name.endswith('bias')) and not name.endswith(case.idle):
            kept = tensor.detach().clone()
            tensor.data.fill_(neutral(name, case.config))
            effects.append((difference(golden, logits(model, ids)), name))
            tensor.data.copy_(kept)
    assert difference(golden, logits(model, ids)) == 0
    noise = difference(golden, logits(reload(dtype=torch.float64), ids))
    least, what = min(effects, key=lambda effect: effect[0])
    assert least > MATTERS, f'{folder.name}: {what} moves logits by only {least}'

    other = difference(golden, logits(reload(attention=case.other), ids)) if case.other else math.nan
    assert not case.other or (other > 1e-3) == case.differ, f'{folder.name}: the other kind of attention moves logits by {other}'
    if case.dtype == torch.float32 and not case.differ:
        assert difference(golden, built) < 1e-3, f'{folder.name}: saving changes the model'
    if case.misread:
        edit_configuration(folder, case.misread)
        print(f'{folder.name:28} misread, which moves logits by {difference(golden, logits(reload(), ids)):.4f}')
    spread = golden[LENGTHS[-1]].std().item()
    assert 1 < spread < 5, f'{folder.name}: logits have a standard deviation of {spread}'
    print(f'{folder.name:28} logits ±{spread:.2f}, float64 within {noise:.1e}, other attention {other:.1e}, '
          f'least effect {least:.3f} ({what})')


# Edits of a fixture's config.json whose meaning is a matter of a family's defaults; None removes a member.
RULED = dict(use_sliding_window=True, sliding_window=8, layer_types=None)       # (by a rule of the family)
SPELLINGS = [
    ('qwen2-moe', RULED), ('qwen2-moe', RULED | dict(max_window_layers=0)), ('smollm3', RULED), ('qwen2', RULED),
    ('qwen2', RULED | dict(max_window_layers=1)), ('qwen3-moe', RULED | dict(max_window_layers=1)),
    ('dots1', dict(sliding_window=8, layer_types=None)), ('dots1', dict(sliding_window=8, layer_types=None, max_window_layers=1)),
    ('cohere2', dict(sliding_window=None)), ('afmoe', dict(sliding_window=None)), ('mixtral', dict(sliding_window=8)),
    ('gemma3', dict(layer_types=None)), ('gemma3', dict(layer_types=None, sliding_window_pattern=2)),
    ('gpt2', dict(activation_function=None)), ('gptj', dict(activation_function=None)), ('gptj', dict(rotary_dim=8)),
    ('opt', dict(activation_function=None)), ('apertus', dict(rope_parameters=None)),
    ('apertus', dict(rope_parameters=dict(rope_type='default'))), ('apertus', dict(rope_parameters=None, rope_theta=100.0)),
    ('cohere-norms', dict(rope_parameters=None)), ('cohere2', dict(rope_parameters=None)),
    ('gpt-neox', dict(rope_parameters=None)), ('gpt-neox', dict(rope_parameters=None, rotary_pct=0.5, rotary_emb_base=50)),
    ('phi', dict(rope_parameters=None)), ('phi', dict(rope_parameters=None, partial_rotary_factor=0.25)),
    ('nemotron', dict(rope_parameters=None)), ('stablelm', dict(rope_parameters=None)),
    ('glm4-moe', dict(first_k_dense_replace=None)), ('afmoe', dict(num_dense_layers=None)),
]


def spelling(folder, name, changes):
    """The logits of the last token of a fixture's longest text, under another configuration."""
    with tempfile.TemporaryDirectory() as path:
        path = pathlib.Path(path)
        config = json.loads((folder / name / 'config.json').read_text())
        for key, value in changes.items():
            config.pop(key, None)
            if value is not None: config[key] = value
        (path / 'config.json').write_text(json.dumps(config))
        (path / 'model.safetensors').symlink_to((folder / name / 'model.safetensors').resolve())
        ids = load_file(folder / name / 'golden.safetensors')[f'input_ids.{LENGTHS[-1]}']
        return logits(load(path), {0: ids})[0][-1].contiguous()


def write_spellings(folder):
    found = [spelling(folder, name, changes) for name, changes in SPELLINGS]
    rows = [dict(fixture=name, changes={key: value for key, value in changes.items() if value is not None},
                 absent=[key for key, value in changes.items() if value is None]) for name, changes in SPELLINGS]
    (folder / 'spellings.json').write_text('[\n' + ',\n'.join('  ' + json.dumps(row) for row in rows) + '\n]\n')
    versions = dict(torch=torch.__version__, transformers=transformers.__version__)
    save_file({str(i): row for i, row in enumerate(found)}, folder / 'spellings.safetensors', metadata=versions)
    for (name, changes), row in zip(SPELLINGS, found):
        effect = (row - load_file(folder / name / 'golden.safetensors')[f'logits.{LENGTHS[-1]}'][-1]).abs().max().item()
        print(f'{name:16} {changes} moves logits by {effect:.4f}')


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('folder', nargs='?', type=pathlib.Path, default='Tests/TransformerTests/Fixtures')
    arguments.add_argument('--only', nargs='+', choices=CASES | EXAMPLES, metavar='NAME', help='make only these cases')
    arguments.add_argument('--spellings', action='store_true', help='make only what other spellings mean')
    options = arguments.parse_args()
    torch.set_num_threads(1)                # the order of sums, and so the last bits, depend on it
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.spellings: return write_spellings(options.folder)

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
