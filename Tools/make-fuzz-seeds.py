#!/usr/bin/env python3
"""Makes the seeds of the fuzzer in Tests/Fuzz/Corpus from the fixtures of the tests.

    Tools/make-fuzz-seeds.py

Seeds are what fuzzing starts with: a valid file of each kind, and files that are wrong in ways which bytes
changed at random rarely hit upon. Inputs that once failed have names that begin with "found-"; they were put
there by hand, and stay.
"""
import base64
import glob
import json
import os
import struct

os.chdir(os.path.join(os.path.dirname(__file__), ".."))
FIXTURES = "Tests/{}Tests/Fixtures"


def seed(reader, name, data):
    folder = f"Tests/Fuzz/Corpus/{reader}"
    os.makedirs(folder, exist_ok=True)
    if isinstance(data, str):
        data = data.encode()
    with open(f"{folder}/{name}", "wb") as file:
        file.write(data)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def safetensors(tensors, metadata=None):
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, kind, shape, content in tensors:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = compact(header)
    return struct.pack("<Q", len(text)) + text + data


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def gguf(metadata, tensors):
    """A GGUF file: pairs of kind 4 (u32), 6 (f32), 8 (string) or 9 (strings), and tensors (name, type, axes, bytes)."""
    text = lambda value: struct.pack("<Q", len(value.encode())) + value.encode()
    values = {4: lambda v: struct.pack("<I", v), 6: lambda v: struct.pack("<f", v), 8: text,
              9: lambda v: struct.pack("<IQ", 8, len(v)) + b"".join(map(text, v))}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, kind, value in metadata:
        head += text(key) + struct.pack("<I", kind) + values[kind](value)
    data = b""
    for name, kind, axes, content in tensors:
        head += text(name) + struct.pack(f"<I{len(axes)}QIQ", len(axes), *axes, kind, len(data))
        data += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + data


def gguf_seeds():
    sizes = [("block_count", 1), ("context_length", 8), ("embedding_length", 32), ("feed_forward_length", 32),
             ("attention.head_count", 2), ("attention.head_count_kv", 1), ("vocab_size", 3)]
    metadata = [("general.architecture", 8, "llama"), ("general.alignment", 4, 32)]
    metadata += [(f"llama.{key}", 4, value) for key, value in sizes]
    metadata += [("llama.attention.layer_norm_rms_epsilon", 6, 1e-5), ("tokenizer.ggml.model", 8, "gpt2"),
                 ("tokenizer.ggml.pre", 8, "gpt-2"), ("tokenizer.ggml.tokens", 9, ["a", "b", "ab"]),
                 ("tokenizer.ggml.merges", 9, ["a b"])]
    rows = {"attn_q": 32, "attn_k": 16, "attn_v": 16, "attn_output": 32, "ffn_gate": 32, "ffn_up": 32, "ffn_down": 32}
    tensors = [("token_embd.weight", 8, [32, 3], bytes(3 * 34)), ("output_norm.weight", 0, [32], floats(*[1] * 32)),
               ("blk.0.attn_norm.weight", 0, [32], floats(*[1] * 32)), ("blk.0.ffn_norm.weight", 0, [32], floats(*[1] * 32))]
    tensors += [(f"blk.0.{name}.weight", 2, [32, count], bytes(18 * count)) for name, count in rows.items()]
    seed("gguf", "llama", gguf(metadata, tensors))
    seed("gguf", "empty", gguf([], []))


def importance_seeds():
    name = "blk.0.ffn_up.weight"
    seed("importance", "new", gguf([("general.type", 8, "imatrix"), ("imatrix.chunk_count", 4, 1)], [
        (f"{name}.in_sum2", 0, [2, 1], floats(1, 2)), (f"{name}.counts", 0, [1, 1], floats(32))]))
    entry = struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", 4, 2) + floats(1, 2)
    seed("importance", "old", struct.pack("<i", 1) + entry + struct.pack("<ii", 4, 4) + b"text")
    seed("importance", "long", struct.pack("<i", 1) + entry[:-12] + struct.pack("<i", 2**24) + floats(1, 2))


def json_seeds():
    seed("json", "kinds", '{"a":[null,true,false,-0,1.5e-3,12345678901234567890],"é":{"\\ud83d\\ude00":"\\u0000\\n"}}')
    seed("json", "deep", "[" * 129 + "]" * 129)
    seed("json", "large", "{" + ",".join(f'"m{i}":{i}' for i in range(20)) + "}")
    seed("json", "duplicate", '{"a":1,"\\u0061":2}')
    seed("json", "lone", '"\\ud800"')


def weight_seeds():
    gguf_seeds()
    importance_seeds()
    seed("safetensors", "types", safetensors([
        ("a", "F32", [2, 2], floats(1, 2, 3, 4)), ("b", "F16", [3], bytes(6)), ("c", "BF16", [], bytes(2)),
        ("d", "I32", [1], bytes(4)), ("e", "I64", [1], bytes(8)), ("f", "F64", [1], bytes(8)),
        ("g", "U32", [0, 7], b"")], {"format": "pt"}))
    seed("safetensors", "gap", struct.pack("<Q", 60) + b'{"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}'.ljust(60) + b"xy")
    seed("safetensors", "product", struct.pack("<Q", 90)
         + b'{"a":{"dtype":"I8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}'.ljust(90))
    seed("safetensors", "long", struct.pack("<Q", 2**64 - 1) + b"{}")
    for path in sorted(glob.glob(FIXTURES.format("Checkpoint") + "/*.npy")):
        with open(path, "rb") as file:
            data = file.read()
        if len(data) < 1000:
            seed("npy", os.path.basename(path), data)
    for i, (descr, order, shape) in enumerate([
        ("<f4", False, "(3,)"), ("<f2", True, "(2, 3)"), ("<f8", True, "(2, 1, 2)"), ("<f4", False, "()"),
        ("<f4", False, "(9223372036854775807, 2)"), (">f4", False, "(1,)")]):
        header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
        seed("npy", f"small-{i}", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(48))
    matrix = floats(2, 1, 1, 3)
    arrays = [("second_moment", "F32", [2, 2], matrix), ("token_count", "I64", [1], struct.pack("<q", 2))]
    metadata = {"content": "ptq input statistics", "version": "1", "input": "q_proj"}
    ranges = [("minima", "F32", [2], floats(-1, 0)), ("maxima", "F32", [2], floats(1, 2)),
              ("moving_minima", "F32", [2], floats(-1, 0)), ("moving_maxima", "F32", [2], floats(1, 2)),
              ("magnitude_sums", "F64", [2], struct.pack("<2d", 2, 2))]
    seed("statistics", "least", safetensors(arrays, metadata))
    seed("statistics", "ranges", safetensors(
        arrays + ranges + [("divisors", "F32", [2], floats(1, 2)), ("sample", "F32", [2, 2], floats(1, 0, 1, 1))], metadata))
    seed("statistics", "mismatch", safetensors(
        arrays + [("weight", "F64", [1], struct.pack("<d", 1.5)), ("cross_moment", "F32", [2, 2], floats(0, 1, 1, 0)),
                  ("deviation_moment", "F32", [2, 2], matrix)], metadata))
    seed("statistics", "removed", safetensors(
        [("second_moment", "F32", [2, 2], floats(2, 0, 0, 0)), arrays[1],
         ("removed_channels", "I64", [1], struct.pack("<q", 1))], metadata))
    seed("statistics", "held-out", safetensors(
        arrays + [(f"held_out.{name}", kind, shape, data) for name, kind, shape, data in arrays], metadata))


def folder_seeds():
    seed("index", "right", '{"metadata":{},"weight_map":{"a":"a.safetensors","b":"b.safetensors"}}')
    seed("index", "swapped", '{"weight_map":{"a":"b.safetensors","b":"a.safetensors"}}')
    seed("index", "outside", '{"weight_map":{"a":"../index/a.safetensors"}}')
    seed("index", "itself", '{"weight_map":{"a":"config.json"}}')
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    seed("manifest", "right", compact({"made": {"by": "ptq"}, "files": {"config.json": {"bytes": 2, "sha256": digest}}, "sha256": ""}))
    seed("manifest", "gone", '{"files":{"":{"bytes":-1,"sha256":""},"..":{"bytes":0,"sha256":"x"}},"sha256":""}')
    seed("written", "names", '"a.weight"\n"b\\u00e9"\n"cut')


def model_seeds():
    root = FIXTURES.format("Transformer")
    names = sorted(os.path.basename(path) for path in glob.glob(root + "/*") if os.path.exists(path + "/model.safetensors"))
    for index, name in enumerate(names):
        with open(f"{root}/{name}/config.json") as file:
            config = compact(json.load(file))
        seed("config", name, config)
        seed("model", name, bytes([index]) + config)
    group = {"targets": ["Linear"], "weights": {"num_bits": 5, "symmetric": False, "strategy": "group", "group_size": 16}}
    statements = {
        "gptq": (0, {"quant_method": "gptq", "bits": 4, "group_size": 16, "sym": False, "desc_act": True}),
        "gptq-rows": (1, {"quant_method": "gptq", "bits": 3, "group_size": -1, "sym": True, "checkpoint_format": "gptq_v2"}),
        "gptq-dynamic": (0, {"quant_method": "gptq", "bits": 3, "group_size": 16, "sym": False,
                             "dynamic": {"-:q": {}, "+:p": {"bits": 4}}}),
        "awq": (2, {"quant_method": "awq", "bits": 4, "group_size": 8, "zero_point": True, "version": "gemm"}),
        "awq-llm": (2, {"quant_method": "awq", "w_bit": 4, "q_group_size": 8, "zero_point": False}),
        "packed": (3, {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {"a": group}}),
        "packed-groups": (3, {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {
            "a": group, "b": {"targets": ["re:q.*"], "weights": {"num_bits": 3}}}}),
        "packed-rows": (4, {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": {
            "a": {"targets": ["p"], "weights": {"num_bits": 3, "strategy": "channel"}}}}),
        "int8": (5, {"quant_method": "compressed-tensors", "format": "int-quantized", "config_groups": {
            "a": {"targets": ["Linear"], "weights": {"num_bits": 8, "strategy": "channel"},
                  "input_activations": {"num_bits": 8, "symmetric": False, "dynamic": False, "strategy": "tensor"}}}}),
        "fp8-block": (11, {"quant_method": "compressed-tensors", "format": "mixed-precision", "config_groups": {
            "a": {"targets": ["p"], "format": "float-quantized",
                  "weights": {"num_bits": 8, "type": "float", "strategy": "block", "block_structure": [5, 24]},
                  "input_activations": {"num_bits": 8, "type": "float", "dynamic": True, "strategy": "group", "group_size": 24}}}}),
        "fp8-published": (11, {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [5, 24]}),
        "nvfp4": (12, {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "config_groups": {
            "a": {"targets": ["p"], "weights": {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16},
                  "input_activations": {"num_bits": 4, "type": "float", "dynamic": "local", "strategy": "tensor_group",
                                        "group_size": 16}}}}),
    }
    for name, (index, statement) in statements.items():
        seed("quantization", name, bytes([index]) + compact({"quantization_config": statement}))
    half = lambda count: struct.pack(f"<{count}H", *([0x3C00] * count))
    seed("words", "gptq", b"\0" + safetensors([
        ("p.qweight", "I32", [4, 16], bytes(range(256))), ("p.qzeros", "I32", [2, 2], bytes(16)),
        ("p.scales", "F16", [2, 16], half(32)), ("p.g_idx", "I32", [32], struct.pack("<32i", *([0, 1] * 16)))]))
    seed("words", "gptq3", b"\1" + safetensors([
        ("p.qweight", "I32", [3, 16], bytes(192)), ("p.qzeros", "I32", [1, 2], bytes(8)), ("p.scales", "F16", [1, 16], half(16))]))
    seed("words", "awq", b"\2" + safetensors([
        ("p.qweight", "I32", [32, 2], bytes(256)), ("p.qzeros", "I32", [4, 2], bytes(32)), ("p.scales", "F16", [4, 16], half(64))]))
    seed("words", "packed", b"\3" + safetensors([
        ("p.weight_packed", "I32", [16, 5], bytes(320)), ("p.weight_scale", "F16", [16, 2], half(32)),
        ("p.weight_zero_point", "I32", [3, 2], bytes(24)), ("p.weight_shape", "I64", [2], struct.pack("<2q", 16, 32))]))
    seed("words", "packed3", b"\4" + safetensors([
        ("p.weight_packed", "I32", [16, 3], bytes(192)), ("p.weight_scale", "F16", [16, 1], half(16))]))
    seed("words", "int8", b"\5" + safetensors([
        ("p.weight", "I8", [16, 32], bytes(512)), ("p.weight_scale", "F16", [16, 1], half(16)),
        ("p.input_scale", "F32", [1], floats(0.5)), ("p.input_zero_point", "I8", [1], b"\x80")]))


def small_tokenizer(model, **sections):
    return compact({"version": "1.0", **sections, "model": model})


def tokenizer_seeds():
    bpe = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "<unk>": 3, " ": 4}, "merges": ["a b"], "unk_token": "<unk>"}
    unigram = {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0], ["ab", -1.5], ["▁", -2.0]]}
    wordpiece = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                 "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}}
    added = [{"id": 5, "content": "<s>", "single_word": False, "lstrip": True, "rstrip": True, "normalized": False, "special": True}]
    split = {"type": "Split", "pattern": {"Regex": "\\s+(?!\\S)|\\p{L}+"}, "behavior": "MergedWithNext", "invert": True}
    normalizers = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}, {"type": "NFKC"},
        {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "StripAccents"}, {"type": "Lowercase"}]}
    single = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
              "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [5], "tokens": ["<s>"]}}}
    seed("tokenizer", "bpe", small_tokenizer(bpe, added_tokens=added, normalizer=normalizers, pre_tokenizer=split, post_processor=single))
    seed("tokenizer", "bytes", small_tokenizer(
        {**bpe, "byte_fallback": True, "ignore_merges": True, "fuse_unk": True}, normalizer={"type": "NFC"},
        pre_tokenizer={"type": "Sequence", "pretokenizers": [
            {"type": "ByteLevel", "add_prefix_space": True}, {"type": "Digits", "individual_digits": True}, {"type": "Punctuation"},
            {"type": "UnicodeScripts"}, {"type": "FixedLength", "length": 3}, {"type": "CharDelimiterSplit", "delimiter": "b"}]}))
    seed("tokenizer", "unigram", small_tokenizer(unigram, pre_tokenizer={
        "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}))
    seed("tokenizer", "wordpiece", small_tokenizer(
        wordpiece, normalizer={"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                               "strip_accents": None, "lowercase": True},
        pre_tokenizer={"type": "BertPreTokenizer"}, post_processor={"type": "BertProcessing", "sep": ["[UNK]", 0], "cls": ["[UNK]", 0]}))
    trie = struct.pack("<I4I", 16, 0x41 | 1 << 10, 0x61, 0x80000000, 0) + "bé\0".encode()
    seed("tokenizer", "precompiled", small_tokenizer(unigram, normalizer={
        "type": "Precompiled", "precompiled_charsmap": base64.b64encode(trie).decode()}))
    root = FIXTURES.format("Tokenizer")
    seed("tokenizer", "ties", open(root + "/ties.tokenizer.json", "rb").read())
    with open(root + "/texts.json") as file:
        texts = json.load(file)
    count = len(glob.glob(root + "/*.tokenizer.json"))
    for index, text in enumerate(texts if isinstance(texts, list) else list(texts.values())):
        seed("text", f"{index:03}", bytes([index % count]) + str(text).encode())
    # None that backtracks without end: it would take a second each time, and the tests have such patterns.
    patterns = [(r"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", "It's  12 ÄÖ\n"),
                (r"(?<x>a)\k<x>", "aab"), (r"a\Kb", "abab"), (r"(?i:'ll)|[^\r\n]{1,3}", "'LL"), ("", "é"), (r"(?<=é)|\b", "éa"),
                (r"\p{Han}|[[:alpha:]&&[^a]]+", "中a"), (r"(?:(?=(a+))a*b)+", "aaab"), (r"\X|\R|\y", "e\u0301\r\n")]
    for index, (pattern, text) in enumerate(patterns):
        seed("expression", str(index), pattern.encode() + b"\xff" + text.encode())


def run_seeds():
    linear = {"name": "model.layers.0.self_attn.q_proj", "rows": 2, "columns": 2, "bits_per_weight": 4.5, "weight_error": 0.1,
              "calibration_error": None, "held_out_error": 0.2, "activation_error": None, "model_output_error": 0.3,
              "first_position_error": None, "clipped": 0, "lost_rows": 0, "scaled_input": False, "damping": 0.01,
              "damping_retries": 0, "dead_channels": 0, "expert_tokens": 3}
    seed("journal", "block", compact({"run": {"program": "1", "format": "gptq"}, "blocks": 1, "linears": [linear]}))
    seed("report", "one", compact({"method": "gptq", "calibration_tokens": 4, "held_out_tokens": 2,
                                   "distinct_calibration_tokens": 3, "seconds": 1.5, "linears": [linear]}))
    parts = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
    seed("plan", "stars", compact({"average_bits": 4, "bits": {f"model.layers.*.{part}": 4 for part in parts}}))
    seed("plan", "types", compact({"bits": {"model.layers.*.*.*": 4, "model.layers.0.mlp.down_proj": "fp8-block"}}))
    seed("plan", "exceptions", compact({"bits": {"model.layers.*.*.*": 9223372036854775807, "model.layers.0.mlp.down_proj": -3}}))
    seed("lines", "text", b"\x05A line.\nAnother one, longer.  \n\n  ...\nThe end")
    seed("lines", "records", b"\x03\xef\xbb\xbf" + b"\n".join(compact(record) for record in [
        {"text": "a"}, {"content": "b"}, {"messages": [{"role": "user", "content": "c"}, {"content": [{"text": "d"}]}, {}]},
        {"conversations": [{"value": "e"}]}, {"prompt": "f", "completion": "g"}, {"instruction": "h", "input": "", "output": "i"}]))
    seed("tokens", "i64", safetensors([("input_ids", "I64", [2, 2], struct.pack("<4q", 1, 2, 3, 2**31 - 1))]))
    seed("tokens", "i32", safetensors([("input_ids", "I32", [3], struct.pack("<3i", 1, 0, -1))]))


def packing_seeds():
    for bits in range(8):
        seed("packing", f"{bits + 1}-bits", bytes([bits, 7, 9]) + bytes(37 * i % 256 for i in range(63)))
    for kind in range(3):
        seed("layout", f"format-{kind}", bytes([kind, 2, 1, 7, 1, 3]) + bytes(91 * i % 256 for i in range(200)))


def dictionary(name, words):
    """Writes words that libFuzzer inserts; a byte beyond ASCII is escaped."""
    os.makedirs("Tests/Fuzz/Dictionaries", exist_ok=True)
    with open(f"Tests/Fuzz/Dictionaries/{name}.dict", "w") as file:
        for word in sorted(set(words)):
            escaped = "".join(
                f"\\x{byte:02X}" if byte < 32 or byte > 126 or byte in b'\\"' else chr(byte) for byte in word.encode())
            file.write(f'"{escaped}"\n')


def words(value):
    """The names and short strings in a JSON value, as JSON."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield json.dumps(name, ensure_ascii=False)
            yield from words(member)
    elif isinstance(value, list):
        for element in value:
            yield from words(element)
    elif isinstance(value, str) and 0 < len(value) < 32:
        yield json.dumps(value, ensure_ascii=False)


def dictionaries():
    numbers = ["-1", "0", "1e9", "0.5", "2147483647", "2147483648", "9223372036854775807", "-9223372036854775808", "1e-400"]
    kinds = ["null", "true", "false", "[]", "{}", '""', "[null]"]
    dictionary("json", numbers + kinds + ['"dtype"', '"shape"', '"data_offsets"', '"F32"', '"I64"', "\\u0000", "\\ud83d\\ude00"])
    for name, readers in [("config", ["config", "quantization"]), ("tokenizer", ["tokenizer"])]:
        found = set()
        for path in [path for reader in readers for path in glob.glob(f"Tests/Fuzz/Corpus/{reader}/*")]:
            with open(path, "rb") as file:
                data = file.read()
            found |= set(words(json.loads(data[data.index(b"{"):])))
        dictionary(name, numbers + kinds + list(found))
    dictionary("expression", [
        "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:", "(?<a>", "\\k<a>", "\\g<a>", "\\K", "\\p{L}", "\\X", "\\R", "\\G",
        "\\b", "\\y", "[^", "&&", "[:alpha:]", "{1,3}", "{0,100000}", "*+", "??", "(?~", "\\x{10FFFF}", "(?(1)a|b)", "(*FAIL)", "é"])


for make in [json_seeds, weight_seeds, folder_seeds, model_seeds, tokenizer_seeds, run_seeds, packing_seeds, dictionaries]:
    make()
