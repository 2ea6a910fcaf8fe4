#!/usr/bin/env python3
"""Asks engines which of ptq's folders they load, and writes Tests/FormatsTests/Fixtures/engine-answers.json.

Usage: record-engine-answers.py --ptq BINARY --python ENGINE=PYTHON... [--only TEXT] [--output FILE]
ENGINE is transformers, vllm or gptqmodel; PYTHON an interpreter that has it. transformers reads GPTQ and AWQ folders with
gptqmodel's kernels: the interpreter of that name is asked then, and needs optimum too. This script needs torch and
transformers itself.

Answers in FILE of engines and cases that are not asked stay.

A small random Llama in three widths is quantized by rounding to nearest, in every format, width of codes, group size and
kind that ptq writes, and each engine that could read the format loads it, in a process of its own, and scores one window of
tokens. It `loads` when it says nothing of missing weights and every number is finite; `difference` is its mean
log-probability of a token less ptq's: an engine may load a folder and compute something else. vLLM runs on the CPU:
what its kernels for GPUs would load, it may refuse here. Its build for CPUs without AVX-512 loads weights of 4 bits and then
fails for want of a product; there the product is this script's, and the answer has a member `replaced` (`vectors` says what
the CPU had).

transformers takes the kernel that gptqmodel prefers for GPTQ and AWQ folders; on a CPU that is one for fewer group sizes than
GPTQConfig(bits=4, backend='torch') and AwqConfig(backend='torch_awq') have. gptqmodel itself is asked for backend TORCH.

    record-engine-answers.py serve ENGINE       asks for JSON lines, answers with JSON lines (what the script starts itself)
"""
import argparse, json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
LENGTH, SEED, SECONDS = 32, 11, 240

# ------------------------------------------------------------------------------------------------------------- the cases

HIDDEN = 256
# The width between the two halves of an MLP: `plain` suits everybody, 264 is 8 x 33, 260 is 4 x 65.
MODELS = dict(plain=512, eights=264, fours=260)


def case(format, bits, group, symmetric=True, model='plain', activations=None, act_order=False):
    return dict(format=format, bits=bits, group=group, symmetric=symmetric, model=model, activations=activations,
                act_order=act_order)


def cases():
    packed = 'compressed-tensors'
    for symmetric in (True, False):
        for bits in (2, 3, 4, 5, 8): yield case(packed, bits, '64', symmetric)
        yield case(packed, 8, 'channel', symmetric)
        for group in ('16', 'channel'): yield case(packed, 4, group, symmetric)
        yield case(packed, 4, 'channel', symmetric, 'eights')
    for group in ('32', '128', '256', 'tensor'): yield case(packed, 4, group)
    for bits in (4, 8): yield case(packed, bits, 'channel', model='fours')
    for kind in ('token', 'token asymmetric', 'static', 'static asymmetric'):
        for group in ('channel', 'tensor'): yield case(packed, 8, group, activations=kind)
    yield case(packed, 8, 'channel', model='fours', activations='token')
    for symmetric in (True, False):
        for bits in (2, 3, 4, 8): yield case('gptq', bits, '64', symmetric)
        for group in ('16', 'channel'): yield case('gptq', 4, group, symmetric)
        yield case('gptq', 4, '64', symmetric, act_order=True)
    for group in ('32', '128', '256', 'tensor'): yield case('gptq', 4, group)
    yield case('gptq', 4, 'channel', model='eights')
    yield case('gptq', 8, 'channel', model='fours')
    for group in ('16', '32', '64', '128', '256', 'channel', 'tensor'): yield case('awq', 4, group, False)
    for group in ('64', 'channel'): yield case('awq', 4, group)
    yield case('awq', 4, 'channel', False, 'eights')


def readings(case):
    """Which engines could read the case: (engine, interpreter, extra)."""
    if case['format'] == 'compressed-tensors':
        yield 'transformers', 'transformers', {}
        if not case['symmetric']: yield 'transformers dequantize', 'transformers', dict(dequantize=True)
    else:
        yield 'transformers', 'gptqmodel', {}
    if case['format'] == 'gptq': yield 'gptqmodel', 'gptqmodel', {}
    yield 'vllm', 'vllm', {}


def title(case):
    words = [case['format'], f"{case['bits']} bits", case['group'], 'symmetric' if case['symmetric'] else 'asymmetric']
    words += [f"inputs {case['activations']}"] if case['activations'] else []
    words += ['act-order'] if case['act_order'] else []
    return ', '.join(words + ([case['model']] if case['model'] != 'plain' else []))


# ------------------------------------------------------------------------------------------------------------ the folders

def write_model(folder, width):
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig
    config = LlamaConfig(vocab_size=2560, hidden_size=HIDDEN, intermediate_size=width, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
                         bos_token_id=0, eos_token_id=0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 2:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[1] ** 0.5)
    model.to(torch.bfloat16).save_pretrained(folder)
    for file in ('tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'):
        shutil.copy(TOP / 'Examples/tiny-llama' / file, folder)


def write_tokens(path):
    import torch
    from safetensors.torch import save_file
    ids = torch.randint(2560, (8, LENGTH), generator=torch.Generator().manual_seed(SEED))
    save_file(dict(input_ids=ids), path)
    return ids[0].tolist()


def shorten(text, *places):
    """The beginning of a message, in one line, without the names of this machine's folders."""
    for place in places: text = text.replace(str(place), '…')
    kind, found, value = text.partition('Value error, ')        # pydantic counts errors before it names one
    if found: text = f"{kind.split(':')[0]}: {value.split(' [type=')[0]}"
    line = ' '.join(text.split())
    line = re.sub(r'(/[\w.+-]+){2,}/', '…/', line)
    return re.sub(r'0x[0-9a-f]{6,}', '0x…', line)[:600]


def quantize(ptq, case, models, tokens, folder):
    """Writes the folder; what ptq said when it refused, else None."""
    words = [ptq, 'quantize', models[case['model']], '--output', folder, '--format', case['format'],
             '--group-size', case['group']]
    method = 'rtn'
    if case['activations']:
        method = {'token': 'int8', 'static': 'static'}[case['activations'].split()[0]]
        if 'asymmetric' in case['activations']: words.append('--asymmetric-activations')
    elif case['act_order']: method = 'gptq'
    if not case['activations']: words += ['--bits', case['bits']]
    words += ['--method', method, '--symmetric' if case['symmetric'] else '--asymmetric']
    words += ['--calibration', tokens, '--length', LENGTH]
    run = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if run.returncode == 0: return None
    return shorten(re.sub(r'^.*?Error: ', '', run.stderr, flags=re.S)) or f'exit status {run.returncode}'


def score(ptq, folder, tokens):
    run = subprocess.run([ptq, 'eval', folder, '--text', tokens, '--windows', '1', '--length', str(LENGTH), '--json'],
                         capture_output=True, text=True, check=True)
    return json.loads(run.stdout)['mean_log_probability']


# ------------------------------------------------------------------------------------------------------------ the engines

class Missing(Exception):
    """Weights that the engine did not find, or did not use."""


def load_transformers(folder, ids, dequantize=False):
    import torch
    from transformers import AutoModelForCausalLM, CompressedTensorsConfig
    extra = dict(quantization_config=CompressedTensorsConfig(dequantize=True)) if dequantize else {}
    # kernels for GPTQ and AWQ want 16 bits
    packed = 'compressed-tensors' in (pathlib.Path(folder) / 'config.json').read_text()
    dtype = torch.float32 if packed else torch.bfloat16
    model, report = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, attn_implementation='eager',
                                                         device_map='cpu', output_loading_info=True, **extra)
    for kind in ('missing_keys', 'mismatched_keys', 'unexpected_keys'):
        if report.get(kind): raise Missing(f'{kind}: {sorted(report[kind])[:2]}')
    return rows(model.eval(), ids)


def load_gptqmodel(folder, ids):
    from gptqmodel import BACKEND, GPTQModel
    return rows(GPTQModel.load(folder, device='cpu', backend=BACKEND.TORCH).model.eval(), ids)


def rows(model, ids):
    import torch
    with torch.inference_mode():
        ids = torch.tensor(ids)
        return model(ids[None]).logits[0, :-1].float().log_softmax(-1).gather(1, ids[1:, None])[:, 0].tolist()


replaced = []           # what had to be replaced for a folder, once for each use


def replace_missing_product():
    """vLLM's build for CPUs without AVX-512 lacks the product with 4-bit weights: everything before it can be asked still.
    Codes [N / 16, K * 16 / 8]: for blocks of 16 outputs, then for each input, two words of eight outputs, low bits first."""
    import torch
    if hasattr(torch.ops._C, 'cpu_gemm_wna16'): return

    def unpack(words): return torch.stack([(words >> shift) & 15 for shift in range(0, 32, 4)], -1).flatten(-2)

    def product(input, q_weight, output, scales, zeros, bias, pack_factor, isa_hint):
        replaced.append('cpu_gemm_wna16')
        inputs, outputs = input.shape[1], scales.shape[1]
        codes = unpack(q_weight.reshape(outputs // 16, inputs, 2)).permute(1, 0, 2).reshape(inputs, outputs)
        steps = inputs // len(scales)
        middle = 8 if zeros is None else unpack(zeros).repeat_interleave(steps, 0)
        weights = (codes - middle) * scales.float().repeat_interleave(steps, 0)
        output.copy_(input.float() @ weights + (0 if bias is None else bias.float()))

    library = torch.library.Library('_C', 'FRAGMENT')
    library.define('cpu_gemm_wna16(Tensor input, Tensor q_weight, Tensor(a2!) output, Tensor scales, Tensor? zeros, '
                   'Tensor? bias, SymInt pack_factor, str isa_hint) -> ()')
    library.impl('cpu_gemm_wna16', product, 'CPU')
    globals()['library'] = library              # it ends with its object


def load_vllm(folder, ids):
    from vllm import LLM, SamplingParams
    import vllm._custom_ops
    replace_missing_product()
    model = LLM(model=folder, dtype='bfloat16', enforce_eager=True, max_model_len=128, max_num_seqs=1,
                enable_prefix_caching=False, disable_log_stats=True)
    result = model.generate([dict(prompt_token_ids=ids)], SamplingParams(max_tokens=2, temperature=0, prompt_logprobs=0),
                            use_tqdm=False)[0]
    return [logs[token].logprob for token, logs in list(zip(ids, result.prompt_logprobs, strict=True))[1:]]


ENGINES = dict(transformers=load_transformers, gptqmodel=load_gptqmodel, vllm=load_vllm)
# What each interpreter reads once, before it forks for every folder. gptqmodel starts threads, which no fork survives.
EARLY = dict(transformers=['transformers', 'compressed_tensors'], gptqmodel=[], vllm=['vllm'])


def versions(*names):
    from importlib.metadata import PackageNotFoundError, version
    found = {}
    for name in names:
        try: found[name] = version(name)
        except PackageNotFoundError: pass
    return found


def answer(engine, question, path):
    """In a process of its own: writes what happened to the file."""
    try:
        logs = ENGINES[engine](**question)
        finite = all(abs(value) < float('inf') for value in logs)
        found = dict(loads=finite, message='' if finite else 'numbers that are not finite', score=sum(logs) / len(logs),
                     replaced=sorted(set(replaced)))
    except BaseException as error:
        causes = [error]
        while causes[-1].__cause__ or causes[-1].__context__: causes.append(causes[-1].__cause__ or causes[-1].__context__)
        text = str(error) or repr(error)
        found = dict(loads=False, message=f'{type(error).__name__}: {text}', full='\n---\n'.join(map(repr, causes)))
    pathlib.Path(path).write_text(json.dumps(found | dict(modules=sorted(sys.modules))))


def serve(engine):
    os.environ.update({
        'OMP_NUM_THREADS': '1', 'GPTQMODEL_CPU_WORKERS': '1', 'HF_HUB_OFFLINE': '1',
        'VLLM_CPU_KVCACHE_SPACE': '1', 'VLLM_CPU_INT4_W4A8': '0', 'VLLM_CPU_OMP_THREADS_BIND': 'nobind',
        'VLLM_ENABLE_V1_MULTIPROCESSING': '0', 'VLLM_HOST_IP': '127.0.0.1', 'GLOO_SOCKET_IFNAME': 'lo',
        'VLLM_LOGGING_LEVEL': 'WARNING', 'VLLM_NO_USAGE_STATS': '1',
    })
    replies = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)                                           # what libraries print belongs to the log
    names = dict(transformers=['transformers', 'compressed-tensors', 'torch'],
                 vllm=['vllm', 'vllm-cpu', 'transformers', 'torch'],
                 gptqmodel=['gptqmodel', 'transformers', 'optimum', 'torch'])
    print(json.dumps(versions(*names[engine])), file=replies)
    for line in sys.stdin:
        question = json.loads(line)
        chosen = question.pop('engine')
        for name in EARLY[engine]: __import__(name)
        with tempfile.TemporaryDirectory() as place:
            path = f'{place}/answer'
            child = os.fork()
            if child == 0:
                os.setsid()
                answer(chosen, question, path)
                os._exit(0)
            until = time.monotonic() + SECONDS
            status = None
            while status is None and time.monotonic() < until:
                done, code = os.waitpid(child, os.WNOHANG)
                if done: status = code
                else: time.sleep(0.2)
            try: os.killpg(child, signal.SIGKILL)
            except ProcessLookupError: pass
            if status is None: os.waitpid(child, 0)
            found = json.loads(pathlib.Path(path).read_text()) if os.path.exists(path) else dict(
                loads=False, message=f'no answer in {SECONDS} seconds' if status is None else
                f'killed by signal {os.WTERMSIG(status)}' if os.WIFSIGNALED(status) else f'exit status {os.WEXITSTATUS(status)}')
        # what one child read, the next need not read again
        libraries = (*EARLY[engine], 'transformers', 'torch') if EARLY[engine] else ()
        for name in found.pop('modules', []):
            if name.split('.')[0] in libraries and name not in sys.modules:
                try: __import__(name)
                except Exception: pass
        print(json.dumps(found), file=replies)


class Server:
    """The process of one interpreter, which forks for each folder."""

    def __init__(self, engine, python, log):
        self.process = subprocess.Popen([python, __file__, 'serve', engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=log, text=True, bufsize=1)
        self.versions = json.loads(self.process.stdout.readline())

    def ask(self, engine, **question):
        self.process.stdin.write(json.dumps(dict(engine=engine) | question) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line: raise SystemExit('an engine process ended')
        return json.loads(line)


# --------------------------------------------------------------------------------------------------------------- the grid

def by_line(result):
    """JSON with one answer in a line."""
    inner = [f' {json.dumps(key)}: ' + (json.dumps(value, ensure_ascii=False) if not isinstance(value, list) or not value
             else '[\n' + ',\n'.join('  ' + json.dumps(item, ensure_ascii=False) for item in value) + '\n ]')
             for key, value in result.items()]
    return '{\n' + ',\n'.join(inner) + '\n}\n'


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('--ptq', required=True, type=pathlib.Path)
    arguments.add_argument('--python', nargs='+', default=[], metavar='ENGINE=PYTHON')
    arguments.add_argument('--only', default='', help='cases whose title contains this')
    arguments.add_argument('--output', type=pathlib.Path, default=TOP / 'Tests/FormatsTests/Fixtures/engine-answers.json')
    arguments.add_argument('--log', type=pathlib.Path, help='what engines print, and whole messages')
    options = arguments.parse_args()
    pythons = dict(pair.split('=', 1) for pair in options.python)
    answers, refused = [], []

    with tempfile.TemporaryDirectory(prefix='ptq-engines-') as place, open(options.log or os.devnull, 'a') as log:
        place = pathlib.Path(place)
        models = {name: place / name for name in MODELS}
        for name, width in MODELS.items(): write_model(models[name], width)
        tokens = place / 'tokens.safetensors'
        ids = write_tokens(tokens)
        servers = {engine: Server(engine, python, log) for engine, python in pythons.items()}
        for case in cases():
            if options.only not in title(case): continue
            folder = place / 'folder'
            shutil.rmtree(folder, ignore_errors=True)
            facts = {key: value for key, value in case.items() if key != 'model'} | dict(
                hidden=HIDDEN, intermediate=MODELS[case['model']])
            said = quantize(options.ptq, case, models, tokens, folder)
            if said:
                refused.append(facts | dict(message=said))
                print(f'{title(case):60} ptq: {said}', flush=True)
                continue
            ours = score(options.ptq, folder, tokens)
            for engine, interpreter, extra in readings(case):
                if interpreter not in servers: continue
                kind = engine.split()[0]
                found = servers[interpreter].ask(kind, folder=str(folder), ids=ids, **extra)
                print(f'{title(case)}, {engine}: {found}', file=log, flush=True)
                message = shorten(found['message'], folder, place)
                package = dict(transformers='transformers', vllm='vllm-cpu', gptqmodel='gptqmodel')[kind]
                answers.append(facts | dict(
                    engine=engine, version=servers[interpreter].versions.get(package), loads=found['loads'], message=message,
                    difference=round(found['score'] - ours, 4) if found['loads'] else None) |
                    (dict(replaced=found['replaced']) if found.get('replaced') else {}))
                verdict = f"loads, {answers[-1]['difference']:+.4f}" if found['loads'] else message[:100]
                print(f'{title(case):60} {engine:24} {verdict}', flush=True)
        flags = pathlib.Path('/proc/cpuinfo').read_text().split('flags', 1)[-1].split('\n', 1)[0].split()
        kept = json.loads(options.output.read_text()) if options.output.exists() else dict(versions={}, answers=[])
        identity = lambda answer: [answer[key] for key in (*facts, 'engine')]
        new = [identity(answer) for answer in answers]
        answers = sorted([answer for answer in kept['answers'] if identity(answer) not in new] + answers,
                         key=lambda answer: (answer['format'], str(answer['activations']), json.dumps(identity(answer))))
        result = dict(versions=kept['versions'] | {engine: server.versions for engine, server in servers.items()},
                      vectors=[flag for flag in flags if flag in ('avx2', 'avx512f', 'avx512_bf16', 'amx_bf16')],
                      refused=refused, answers=answers)
        for server in servers.values():
            server.process.stdin.close()
            server.process.wait()
    options.output.write_text(by_line(result))
    print(f'{len(answers)} answers, {len(refused)} refusals of ptq, {options.output}')


if __name__ == '__main__':
    serve(sys.argv[2]) if sys.argv[1:2] == ['serve'] else main()
