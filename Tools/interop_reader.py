"""Scores token windows with another program.

Usage: interop_reader.py READER FOLDER WINDOWS.json [--dequantize]

Prints a line `score X`, where X is the mean log-probability of a predicted token. Each folder needs
its own process.

READER is `transformers`, `bitsandbytes` (which is transformers with that package), `vllm`, `mlx-lm`, `llama.cpp` or
`definition`. The last one is for GPTQ and AWQ folders: it
computes the weights from the published definition of the format and runs them in transformers. vLLM
ignores the zero points and g_idx of GPTQ files, so only this reader checks them, as gptqmodel
would.
"""
import argparse, json, os, pathlib


def scores(model, windows):
    import torch
    with torch.inference_mode():
        for ids in windows:
            ids = torch.tensor(ids)
            logs = model(ids[None]).logits[0, :-1].float().log_softmax(-1)
            yield from logs.gather(1, ids[1:, None])[:, 0].tolist()


def transformers_scores(folder, windows, dequantize):
    import torch
    from transformers import AutoModelForCausalLM, CompressedTensorsConfig
    extra = {'quantization_config': CompressedTensorsConfig(dequantize=True)} if dequantize else {}
    path = pathlib.Path(folder)
    if path.is_file(): folder, extra = path.parent, {'gguf_file': path.name}
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation='eager',
                                                         output_loading_info=True, **extra)
    # transformers only warns about missing weights, and fills them with random numbers.
    for kind in ('missing_keys', 'unexpected_keys', 'mismatched_keys'):
        if report.get(kind): raise SystemExit(f'transformers reports {kind}: {report[kind]}')
    # What is dequantized has the type that the format's library decodes to.
    return scores((model.float() if dequantize else model).eval(), windows)


def definition_scores(folder, windows):
    """Computes the weights by W[o, i] = scales[g, o] (q[i, o] - z[g, o]), g the group of i.

    GPTQ: g = g_idx[i]; q is packed along i and z along o, lowest bits first; the format `gptq`
    stores z - 1. AWQ: groups are consecutive; q and z are packed along o, and the even columns of a
    word come first.
    """
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig, AutoModelForCausalLM
    config = AutoConfig.from_pretrained(folder)
    quantization = config.quantization_config
    del config.quantization_config
    is_awq, bits = quantization['quant_method'] == 'awq', quantization['bits']
    offset = 0 if is_awq else {'gptq': 1, 'gptq_v2': 0}[quantization['checkpoint_format']]

    def unpack(words, axis):
        shifts = [4 * nibble for nibble in (0, 4, 1, 5, 2, 6, 3, 7)] if is_awq else range(0, 32, bits)
        fields = [(words >> shift) & (2 ** bits - 1) for shift in shifts]
        return torch.stack(fields, axis + 1).flatten(axis, axis + 1)

    tensors = {}
    for file in sorted(pathlib.Path(folder).glob('*.safetensors')): tensors |= load_file(file)
    for name in [name for name in tensors if name.endswith('.qweight')]:
        path = name.removesuffix('.qweight')
        words, zeros, scales = (tensors.pop(f'{path}.{part}') for part in ('qweight', 'qzeros', 'scales'))
        codes, zeros = unpack(words, 1 if is_awq else 0), (unpack(zeros, 1) + offset) % 2 ** bits
        groups = torch.arange(len(codes)) * len(scales) // len(codes) if is_awq else tensors.pop(f'{path}.g_idx')
        tensors[f'{path}.weight'] = (scales.float()[groups] * (codes - zeros[groups])).T

    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation='eager')
    if config.tie_word_embeddings: tensors['lm_head.weight'] = tensors['model.embed_tokens.weight']
    model.load_state_dict(tensors)
    return scores(model.eval(), windows)


def vllm_scores(folder, windows):
    os.environ.update({
        'VLLM_CPU_KVCACHE_SPACE': '1',              # GiB
        'VLLM_CPU_INT4_W4A8': '0',                  # keep activations in bfloat16, even with AMX
        'VLLM_ENABLE_V1_MULTIPROCESSING': '0',      # run the engine in this process
        'VLLM_HOST_IP': '127.0.0.1', 'GLOO_SOCKET_IFNAME': 'lo',    # one process needs only loopback
        'VLLM_LOGGING_LEVEL': 'WARNING', 'VLLM_NO_USAGE_STATS': '1',
    })
    from vllm import LLM, SamplingParams
    model = LLM(model=folder, dtype='bfloat16', enforce_eager=True, max_model_len=512, max_num_seqs=8,
                enable_prefix_caching=False, disable_log_stats=True)
    results = model.generate([{'prompt_token_ids': ids} for ids in windows],
                             SamplingParams(max_tokens=1, prompt_logprobs=0), use_tqdm=False)
    for ids, result in zip(windows, results, strict=True):
        for token, logs in list(zip(ids, result.prompt_logprobs, strict=True))[1:]:
            yield logs[token].logprob


def mlx_scores(folder, windows):
    """Computes in float32: what is compared is what the folder stands for, not how the CPU rounds bfloat16."""
    import mlx.core as mx
    from mlx_lm.utils import load_model
    model, _ = load_model(pathlib.Path(folder))
    model.set_dtype(mx.float32)
    if not any(hasattr(module, 'bits') for module in model.modules()): raise SystemExit('mlx-lm found nothing quantized')
    for ids in windows:
        ids = mx.array(ids)
        logits = model(ids[None])[0, :-1]
        logs = mx.take_along_axis(logits, ids[1:, None], axis=-1)[:, 0] - mx.logsumexp(logits, axis=-1)
        yield from logs.tolist()


def llama_scores(file, windows):
    """llama.cpp rounds the inputs of products with quantized weights to 8 bits."""
    import numpy, llama_cpp
    model = llama_cpp.Llama(model_path=file, n_ctx=max(map(len, windows)), logits_all=True, verbose=False)
    for ids in windows:
        model.reset()
        model.eval(ids)
        logits = model.scores[:len(ids) - 1].astype(numpy.float64)
        logits -= logits.max(-1, keepdims=True)
        logs = logits - numpy.log(numpy.exp(logits).sum(-1, keepdims=True))
        yield from logs[numpy.arange(len(ids) - 1), ids[1:]].tolist()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('reader', choices=['transformers', 'bitsandbytes', 'definition', 'vllm', 'mlx-lm',
                                              'llama.cpp'])
    for name in ('folder', 'windows'): arguments.add_argument(name)
    arguments.add_argument('--dequantize', action='store_true')
    options = arguments.parse_args()
    windows = json.loads(pathlib.Path(options.windows).read_text())
    match options.reader:
        case 'transformers' | 'bitsandbytes': logs = list(transformers_scores(options.folder, windows, options.dequantize))
        case 'definition': logs = list(definition_scores(options.folder, windows))
        case 'mlx-lm': logs = list(mlx_scores(options.folder, windows))
        case 'llama.cpp': logs = list(llama_scores(options.folder, windows))
        case 'vllm': logs = list(vllm_scores(options.folder, windows))
    assert len(logs) == sum(len(ids) - 1 for ids in windows)
    print('score', sum(logs) / len(logs))


if __name__ == '__main__':
    main()
