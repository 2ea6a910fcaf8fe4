#!/usr/bin/env python3
"""Writes the goldens of the tokenizer's tests: small tokenizers and their encodings of many texts.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf==7.36.2
    venv/bin/python Tools/make-tokenizer-goldens.py Tests/TokenizerTests/Fixtures

The corpus, the training and the texts all come from fixed seeds. Each configuration NAME gets
NAME.tokenizer.json and NAME.cases.json, whose cases are in the order of texts.json. variants.json
holds encodings of the first texts by one small model combined with many pre-tokenizers and
normalizers, cleaning.json those of the last texts, which are odd, with those that clean a text.

Unigram models and their character maps are trained by SentencePiece. Its own character map,
nmt_nfkc, takes 240 KB; the one here has the same kinds of rules, for fewer characters.
"""

import base64
import io
import json
import pathlib
import random
import sys
import tempfile
import unicodedata

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CJK = "[一-龥぀-ゟ゠-ヿ]+"
SIGNS = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

ATOMS = [
    "the", "and", "Quantization", "weights", "layer", "it's", "don't", "WE'LL", "I'D", "they've", "can't",
    "naïve", "cafe\u0301", "Ångström", "A\u030angstrom", "ﬁne", "ſ", "'ſ", "Straße", "ΟΔΟΣ", "İstanbul",
    "Ελληνικά", "русский", "язык", "עברית", "שָׁלוֹם", "العربية", "مَرْحَبًا", "हिन्दी", "ไทย", "한국어",
    "\u1112\u1161\u11ab", "日本語", "カタカナ", "ひらがな", "中文字符", "量化", "𠮷野家", "０１２",
    "👩‍💻", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "❤️", "🙂", "½", "Ⅷ", "²", "٣", "१२३", "①",
    "0", "7", "42", "1234567", "3.14159", "1e-05", "0xFF", "2024-01-31", "1,000,000",
    "def f(x):", "return x**2", "if (a[i] != b) {", "}", "->", "=>", "://", "/* c */", "\\n", "`code`",
    "snake_case", "camelCase", "HTTPServer", "a_b-c", "<html>", "&amp;", "#!", "@user", "$x", "50%",
    "…", "—", "“quoted”", "«x»", "¿qué?", "№", "€", "a\u200db", "\u200b", "\ufeff", "\u00ad", "\ufffd",
    "\u0000", "\u001f", "\u007f", "▁", "Ġ", "<0x41>", "<unk>", "é" * 3,
]
BLANKS = [" ", " ", " ", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\t\t", "\u00a0", "\u3000", "\v",
          "\f", "\u0085", "\u2028", "", "", " \n ", "        ", "\n    "]
# Marks without a base, clusters of five and six bytes, characters that expand or vanish at the
# start, white space and invisible characters of many kinds.
ODD_TEXTS = [
    "\u0301abc", "a\u0301", "\u00a9\u0301 \u00a9\u0301\u0301 e\u0323\u0301", "x\u200dy \u0600a \u06ddb", "a\r\nb\r\n\r\n",
    "\r\n a", "\u0001a \u0001", "\u0001\u00bda", "\u00b4\u0001a", " \ufb01x", "\u3000\ufb03 x", "\u200b \ufeffa", "\ufdfa b",
    "\u02d9\u0014a", "\u2581a\u2581\u2581b \u2581", "\u200f\u202ea\u2028b\u1680c", "\U0001f44d\U0001f3fd\u200d\u2640\ufe0f \U0001f3fd",
    "中文abc中 文\U00020bb7\U0002f800\uf900", "İI\u0307ıſßẞΣς ΑΣ", "\u0e33\u0e31 \u0915\u094d\u0937\u093f \u1112\u1161\u11ab\uac00\u11a8",
    "a" * 300, "\u0301" * 200, "<unk>a<unk><unk> xy\ue000\ue001z", "\x00a\x00\x0b\x0c\x1c\x85\x7f", "\ufffda\u00ad\U000e0001b",
    "\u1734\u1885\ua9bd\u1cf2\U000111c9\U0001171e", "abababcabcab aabbcc cabba", "tail  ", "\u1acf\u0c5c \U00016ea0x",
]
TOKENS = ["<|start|>", "<|end|>", "<pad>", "[MASK]", "word", "Äpfel", "ab"]


def corpus():
    chance = random.Random(1)
    for _ in range(3000):
        yield "".join(chance.choice(ATOMS[:40] + ATOMS[51:74]) + chance.choice(BLANKS[:6])
                      for _ in range(chance.randint(3, 12)))


def texts():
    chance = random.Random(2)
    yield from [
        "", " ", "  ", "\n", "a", " a", "a ", "Hello, world!", "Hello  world", "   leading and trailing   ",
        "line one\nline two\r\n\r\n  line three\n", "x" * 70, " " * 40, "\n" * 9 + " x", "0123456789" * 3,
        "it's IT'S it’s 's 'S 'ſ 'T'LL", "e\u0301 é E\u0301", "a\u0301\u0323 a\u0323\u0301", "ﬁ ﬀ ① ½ ㎏",
        "<|start|>system\nYou<|end|>", "<|start|><|start|>", " <|start|> x <|end|> ", "a<pad>b", "a <pad> b",
        "a  <pad>  b", "  [MASK]  ", "x [MASK] y[MASK]z", "word", "a word.", "sword words word_ word-s wörd word",
        "\u0301word word\u0301", "äpfel ÄPFEL Äpfel A\u0308pfel", "ab abab xab ab x aab <pad>ab<|end|>ab",
        "<|start|>  <|end|>\n<pad>\u00a0[MASK]\u3000word", "<|star|> <|start <pad", "[MASK][MASK] [MASK]",
        "def f(x):\n    return x ** 2  # square\n\tif y:\n\t\tpass\n",
        "for (int i = 0; i < n; ++i) { a[i] += b[i] * 1e-05f; }",
        "日本語のテキスト、中文字符和한국어 mixed with English。", "שלום עולם مرحبا بالعالم 123 abc",
        "👩‍💻👨‍👩‍👧‍👦🇩🇪👍🏽 emoji❤️🙂", "\u0000\u0001\u001f\u007f\u0080\u009f", "▁▁a ▁ b▁", "Ġthe Ċ", "<0x0A><0xE9>",
        "\U0001f600" * 5, "a\u200db \u200b\ufeffx", "１２３ ٣٤٥ १२ Ⅷ ² ½", "a\tb\vc\fd\u0085e\u2028f\u2029g\u00a0h",
        "\U00010041A\u0f73 \u08d3\u05a2\u08fd \u32ff\ua7f2 \U000110a5\U000110ba \u166d\u2e45",
        "\ue000\uf8ff\U000f0000 private", "\ufffe\uffff\U0010ffff", "1 12 123 1234 12345 a1b22c333",
    ]
    for _ in range(70):
        yield "".join(chance.choice(TOKENS if chance.random() < 0.12 else ATOMS) + chance.choice(BLANKS)
                      for _ in range(chance.randint(1, 9)))
    yield from ODD_TEXTS


def train(pre_tokenizer, size, normalizer=None, alphabet=None, limit=None):
    """Trains a model and returns its vocabulary and merges."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer: tokenizer.normalizer = normalizer
    limits = {"limit_alphabet": limit} if limit else {}
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet or [], show_progress=False, **limits)
    tokenizer.train_from_iterator(corpus(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], model["merges"]


def marked(vocab, merges, prefix="", suffix=""):
    """Returns a vocabulary and merges whose tokens are marked where a word continues or ends.

    The package's own trainers number marked letters in an order that changes from run to run.
    """
    forms = lambda token: [token, prefix + token + suffix]
    tokens = [form for token in sorted(vocab, key=vocab.get) for form in forms(token)]
    pairs = [pair for left, right in merges for pair in (
        [[left, prefix + right], [prefix + left, prefix + right]] if prefix else
        [[left, right], [left, right + suffix]])]
    return {token: id for id, token in enumerate(tokens)}, pairs


def rules():
    """Yields the rules of a character map, as strings: those of NFKC and NMT for some characters."""
    for code in [*range(0x00A0, 0x0180), *range(0x01C4, 0x01CD), *range(0x02D8, 0x02DE), *range(0x0E33, 0x0E34),
                 *range(0x2000, 0x2190), *range(0x2460, 0x2480), *range(0x3000, 0x3100), *range(0x3300, 0x3340),
                 *range(0xF900, 0xF910), *range(0xFB00, 0xFB07), 0xFDFA, *range(0xFF01, 0xFFA0)]:
        normal = unicodedata.normalize("NFKC", chr(code))
        if normal != chr(code): yield chr(code), normal
    for letter in "AEIOUaeiouncNC":
        for mark in "\u0300\u0301\u0303\u0308\u030a\u0323\u0327":
            normal = unicodedata.normalize("NFKC", letter + mark)
            if normal != letter + mark: yield letter + mark, normal
    for code in [*range(1, 9), 11, *range(14, 32), 0x7F, 0x8F, 0x9F]: yield chr(code), ""
    for code in [9, 10, 12, 13, 0x1680, *range(0x200B, 0x2010), 0x2581, 0xFEFF, 0xFFFD]: yield chr(code), " "


def train_pieces(**settings):
    """Trains a model of SentencePiece; returns its vocabulary and its normalizer."""
    written = io.BytesIO()
    spell = lambda text: " ".join(f"{ord(character):X}" for character in text)
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("".join(f"{spell(old)}\t{spell(new)}\n" for old, new in rules()))
        file.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=corpus(), model_writer=written, normalization_rule_tsv=file.name,
            num_threads=1, minloglevel=2, hard_vocab_limit=False, **settings)
    model = sentencepiece_model_pb2.ModelProto.FromString(written.getvalue())
    charsmap = base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()
    return ([[piece.piece, piece.score] for piece in model.pieces],
            {"type": "Precompiled", "precompiled_charsmap": charsmap})


def shifted(vocab, first):
    """Returns the vocabulary with other tokens in front."""
    return {token: id for id, token in enumerate(first + sorted(vocab, key=vocab.get))}


def added(id, content, **flags):
    token = {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": False}
    return token | flags


def flagged(first):
    """Returns added tokens that together have all flags."""
    flags = [{"special": True}, {"special": True}, {"lstrip": True, "rstrip": True, "special": True},
             {"lstrip": True}, {"single_word": True, "normalized": True}, {"normalized": True}, {"rstrip": True}]
    return [added(first + i, token, **f) for i, (token, f) in enumerate(zip(TOKENS, flags))]


def template(*names, ids, after=()):
    special = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    single = [special(n) for n in names] + [{"Sequence": {"id": "A", "type_id": 0}}] + [special(n) for n in after]
    return {"type": "TemplateProcessing", "single": single,
            "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {n: {"id": n, "ids": [ids[n]], "tokens": [n]} for n in (*names, *after)}}


def byte_level(prefix=False, regex=True, trim=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(key, *parts): return {"type": "Sequence", key: list(parts)}


def bpe(vocab, merges, **settings):
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
             "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False}
    return model | settings | {"vocab": vocab, "merges": merges}


def unigram(vocab, unk_id=0, byte_fallback=False):
    return {"type": "Unigram", "unk_id": unk_id, "vocab": vocab, "byte_fallback": byte_fallback}


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": split}


def tokenizer(model, added_tokens, normalizer=None, pre_tokenizer=None, post_processor=None, decoder=None):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added_tokens,
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": post_processor,
            "decoder": decoder, "model": model}


def configurations():
    letters = pre_tokenizers.ByteLevel.alphabet()
    pieces = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    spelled = lambda merges: [" ".join(pair) for pair in merges]

    vocab, merges = train(pieces, 620, alphabet=letters)
    n = len(vocab)
    yield "gpt2", tokenizer(
        bpe(vocab, spelled(merges), unk_token=""), [added(n, "<|start|>", special=True)],
        pre_tokenizer=byte_level(), post_processor=byte_level(trim=False), decoder=byte_level())

    extra = flagged(n)
    ids = {token["content"]: token["id"] for token in extra}
    yield "flags", tokenizer(
        bpe(vocab, merges), extra,
        normalizer=sequence("normalizers", {"type": "NFKC"}, {"type": "Lowercase"},
                            {"type": "Strip", "strip_left": False, "strip_right": True}),
        pre_tokenizer=byte_level(prefix=True),
        post_processor=sequence("processors", byte_level(), template("<|start|>", ids=ids, after=["<|end|>"])),
        decoder=byte_level())

    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    vocab, merges = train(cut, 640, alphabet=letters)
    for token in ["ĠEnglish", "ĠĠĠĠĠĠĠĠ", "Hello", "123", "Ġworld", "çīĪ", "ĠHTTPServer", "system"]:
        vocab.setdefault(token, len(vocab))
    extra = flagged(len(vocab))
    ids = {token["content"]: token["id"] for token in extra}
    yield "llama3", tokenizer(
        bpe(vocab, merges, ignore_merges=True), extra,
        pre_tokenizer=sequence("pretokenizers", split(LLAMA3), byte_level(regex=False)),
        post_processor=sequence("processors", byte_level(), template("<|start|>", ids=ids)), decoder=byte_level())

    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(QWEN2), "isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    vocab, merges = train(cut, 620, normalizer=normalizers.NFC(), alphabet=letters)
    yield "qwen2", tokenizer(
        bpe(vocab, spelled(merges)), flagged(len(vocab)), normalizer={"type": "NFC"},
        pre_tokenizer=sequence("pretokenizers", split(QWEN2), byte_level(regex=False)),
        post_processor=byte_level(), decoder=byte_level())

    cut = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pieces])
    vocab, merges = train(cut, 620, alphabet=letters)
    vocab = shifted(vocab, ["<|start|>", "<|end|>"])
    yield "smollm", tokenizer(
        bpe(vocab, spelled(merges), unk_token="<|start|>"),
        [added(0, "<|start|>", special=True), added(1, "<|end|>", special=True)],
        pre_tokenizer=sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level()),
        decoder=byte_level())

    cut = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated"),
                                   pre_tokenizers.Split(Regex(CJK), "isolated"),
                                   pre_tokenizers.Split(Regex(SIGNS), "isolated"),
                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    vocab, merges = train(cut, 620, alphabet=letters)
    ids = {token["content"]: token["id"] for token in flagged(len(vocab))}
    yield "deepseek", tokenizer(
        bpe(vocab, merges), flagged(len(vocab)), normalizer=sequence("normalizers"),
        pre_tokenizer=sequence("pretokenizers", split(r"\p{N}{1,3}"), split(CJK), split(SIGNS),
                               byte_level(regex=False)),
        post_processor=template("<|start|>", ids=ids), decoder=byte_level())

    first = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    vocab, merges = train(pre_tokenizers.Metaspace(), 520, limit=160)
    vocab = shifted(vocab, first)
    special = [added(i, first[i], special=True) for i in range(3)]
    rest = [token | {"id": token["id"]} for token in flagged(len(vocab))]
    ids = {"<s>": 1, "</s>": 2}
    decoder = sequence("decoders", {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                       {"type": "ByteFallback"}, {"type": "Fuse"},
                       {"type": "Strip", "content": " ", "start": 1, "stop": 0})
    prepend = sequence("normalizers", {"type": "Prepend", "prepend": "▁"},
                       {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
    yield "llama2", tokenizer(
        bpe(vocab, spelled(merges), unk_token="<unk>", fuse_unk=True, byte_fallback=True), special + rest,
        normalizer=prepend, post_processor=template("<s>", ids=ids), decoder=decoder)

    partial = {token: id for token, id in vocab.items() if not token.startswith("<0xF")}
    partial = shifted(partial, [])
    yield "mistral", tokenizer(
        bpe(partial, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True),
        special + flagged(len(partial)),
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False},
        post_processor=template("<s>", ids=ids, after=["</s>"]), decoder=decoder)

    plain = shifted({t: i for t, i in vocab.items() if not t.startswith("<")}, first[:3])
    yield "metaspace", tokenizer(
        bpe(plain, merges, unk_token="<unk>", fuse_unk=False), special,
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        decoder={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True})


def unigram_configurations():
    vocab, precompiled = train_pieces(vocab_size=700)
    special = [added(i, vocab[i][0], special=True) for i in range(3)]
    ids = {"<s>": 1, "</s>": 2}
    yield "t5", tokenizer(
        unigram(vocab), special + flagged(len(vocab)), normalizer=precompiled,
        pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace("always")),
        post_processor=template(ids=ids, after=["</s>"]))

    vocab, _ = train_pieces(vocab_size=900, byte_fallback=True, character_coverage=0.99, split_by_whitespace=False)
    clean = sequence("normalizers", precompiled, {"type": "Strip", "strip_left": True, "strip_right": True},
                     {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"})
    yield "bytes", tokenizer(
        unigram(vocab, byte_fallback=True), special + flagged(len(vocab)), normalizer=clean,
        pre_tokenizer=metaspace("first", split=False),
        post_processor={"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1],
                        "trim_offsets": True, "add_prefix_space": False})

    # Sums of scores that are equal, or equal but for rounding; pieces that occur twice, and one that
    # consists of characters that are unknown.
    chance = random.Random(3)
    vocab = [["a", -1.0], ["<unk>", 0.0], ["xy", -40.0], ["", -1.0], ["ab", -0.1]]
    vocab += [["".join(chance.choice("abc ▁é\u0301") for _ in range(chance.randint(1, 4))),
               chance.choice([-1, -2.5, -0.5, -1.5, -chance.random() * 9])] for _ in range(60)]
    yield "ties", tokenizer(unigram(vocab, unk_id=1), [added(1, "<unk>")])


def word_configurations():
    words = {"normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                            "strip_accents": None, "lowercase": True},
             "pre_tokenizer": {"type": "BertPreTokenizer"}}
    vocab, merges = train(pre_tokenizers.BertPreTokenizer(), 400, normalizer=normalizers.BertNormalizer())

    ends, pairs = marked(vocab, merges, suffix="</w>")
    yield "gpt1", tokenizer(
        bpe(shifted(ends, ["<unk>"]), pairs, unk_token="<unk>", end_of_word_suffix="</w>"),
        [added(0, "<unk>", special=True)], **words)

    continued, pairs = marked(vocab, merges, prefix="##")
    continued = shifted(continued, ["<unk>"] + [f"<0x{byte:02X}>" for byte in range(0xF0)])
    yield "subwords", tokenizer(
        bpe(continued, pairs, unk_token="<unk>", continuing_subword_prefix="##", byte_fallback=True, fuse_unk=True),
        [], pre_tokenizer={"type": "Whitespace"})

    first = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    continued, _ = marked(vocab, merges, prefix="##")
    yield "bert", tokenizer(
        {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 20,
         "vocab": shifted(continued, first)},
        [added(i, token, special=True) for i, token in enumerate(first)],
        post_processor={"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}, **words)


def cases(tokenizer, texts):
    """Yields the encoding of each text, and that with special tokens if it differs."""
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        special = tokenizer.encode(text, add_special_tokens=True).ids
        case = {"ids": ids}
        if special != ids: case["special"] = special
        yield case


def pre_tokenizer_variants(base):
    """Yields the pre-tokenizers and normalizers to combine with one small model."""
    variants = []
    for behavior in ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        variants += [split(r"\s+", behavior), split("a", behavior, kind="String"),
                     split(r"\d", behavior, invert=True), {"type": "Punctuation", "behavior": behavior}]
    variants += [{"type": "WhitespaceSplit"}, {"type": "Digits", "individual_digits": False},
                 split(r"^ +|.$", "Isolated"), split(r"(?i:the|ſ)(?=\s)|(?<=\d)\p{L}++", "Isolated"),
                 sequence("pretokenizers", {"type": "WhitespaceSplit"},
                          {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}),
                 {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True},
                 {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}]
    # Where regex engines disagree: sets, word characters, empty matches, quantifiers, lookbehind.
    variants += [split(pattern) for pattern in [
        r"\h+", r"\w+", r"\b", r"(?m:.+)", r"^.", r"[\p{L}&&[^a-z]]+", r"[[:alpha:]]+|[[:digit:]]", r"a{1,2}+b?",
        r"\p{L}{2}?", r"(?<letter>\p{L})\k<letter>", r"(\p{L})\g<1>\d*", r"(?i:strasse|fi|ς)+", r"\p{Lu}\K\p{Ll}+",
        r"(?<=\p{Lu}|ab)\p{L}", r"\R+", r"\d*", r"x|(?=\d)", r"\G\S", r"(?~ab)", r"\s+\Z", r"]|[]a]"]]
    variants += [split(r"\s*", behavior) for behavior in ["Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"]]
    for variant in variants: yield {"pre_tokenizer": variant}
    for normalizer in [{"type": form} for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "ByteLevel"]] + [
            {"type": "Strip", "strip_left": True, "strip_right": False},
            {"type": "Strip", "strip_left": True, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": "__"},
            {"type": "Replace", "pattern": {"Regex": r"\d*"}, "content": "_"},
            {"type": "Replace", "pattern": {"Regex": r"(?<=\d)(?=\p{L})"}, "content": "▁"},
            {"type": "Replace", "pattern": {"String": "aa"}, "content": "b"}]:
        yield {"normalizer": normalizer}


def cleaning_variants():
    """Yields the pre-tokenizers and normalizers that clean a text, with the mark of its start.

    The string "t5" stands for the normalizer of that configuration, which is long.
    """
    precompiled = "t5"
    bert = lambda clean, chinese, accents, lowercase: {
        "type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents,
        "lowercase": lowercase}
    strip = {"type": "Strip", "strip_left": True, "strip_right": False}
    replace = lambda pattern, content: {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}
    for steps in [
            [{"type": "Nmt"}], [{"type": "StripAccents"}], [{"type": "NFD"}, {"type": "StripAccents"}], [strip],
            [bert(True, True, None, True)], [bert(True, False, None, False)], [bert(False, True, True, False)],
            [bert(False, False, False, True)], [precompiled], [precompiled, strip], [precompiled, replace("^.", "")],
            [{"type": "NFKD"}, strip, replace(r"\w\w?", "a")], [replace(r"^\s+|^\p{M}", "")], [replace("^..", "a")],
            [{"type": "Prepend", "prepend": "xy"}, replace("x", "")], [{"type": "NFKD"}, precompiled],
            [{"type": "NFC"}, {"type": "NFKD"}, replace("^.", "")]]:
        yield {"normalizer": sequence("normalizers", *steps), "pre_tokenizer": metaspace("first")}
    yield {"normalizer": sequence("normalizers", {"type": "Prepend", "prepend": "▁ "}, {"type": "NFKC"}),
           "pre_tokenizer": sequence("pretokenizers", {"type": "WhitespaceSplit"}, metaspace("first"))}
    for pre_tokenizer in [
            {"type": "Whitespace"}, {"type": "BertPreTokenizer"}, {"type": "CharDelimiterSplit", "delimiter": "a"},
            {"type": "FixedLength", "length": 3}, {"type": "FixedLength"}, {"type": "UnicodeScripts"}]:
        yield {"pre_tokenizer": pre_tokenizer}
        yield {"pre_tokenizer": sequence("pretokenizers", pre_tokenizer, metaspace("first"))}
    for post_processor in [{"type": "RobertaProcessing", "sep": ["x", 1], "cls": ["y", 2], "trim_offsets": False,
                            "add_prefix_space": True}, {"type": "BertProcessing", "sep": ["", 3], "cls": ["", 0]}]:
        yield {"post_processor": post_processor}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write = lambda name, value: (folder / name).write_text(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    all_texts = list(texts())
    write("texts.json", all_texts)
    for name, configuration in [*configurations(), *unigram_configurations(), *word_configurations()]:
        write(f"{name}.tokenizer.json", configuration)
        made = Tokenizer.from_str(json.dumps(configuration))
        write(f"{name}.cases.json", {
            "tokenizers": tokenizers.__version__, "sentencepiece": sentencepiece.__version__,
            "size": made.get_vocab_size(),
            "cases": list(cases(made, all_texts))})
        if name == "metaspace": base = configuration
        if name == "t5": precompiled = configuration["normalizer"]

    def write_variants(name, changes, texts):
        variants = []
        for change in changes:
            full = json.loads(json.dumps(base | change).replace('"t5"', json.dumps(precompiled)))
            made = Tokenizer.from_str(json.dumps(full))
            variants.append({"change": change, "ids": [made.encode(text).ids for text in texts]})
        write(name, {"tokenizers": tokenizers.__version__, "texts": len(texts), "variants": variants})
    write_variants("variants.json", pre_tokenizer_variants(base), all_texts[:53])
    write_variants("cleaning.json", cleaning_variants(), all_texts[-len(ODD_TEXTS):])


main()
