// Texts and tokenizers that cannot be used: the message must say why, and nothing may be written.

import TestSupport
import Testing

/// A tokenizer that knows only two letters.
private let letters = """
  {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
  """

private let texts: [Refusal] = [
  Refusal(
    "no file",
    "nowhere.safetensors: opening failed: No such file or directory",
    ["--calibration", "nowhere.safetensors"]),
  Refusal(
    "a folder",
    "a.safetensors: not a regular file", ["--calibration", "a.safetensors"]
  ) {
    try $0.write("a.safetensors/file", "")
  },
  .file(
    "text.parquet", "abab",
    "text.parquet: is not read by its name; give plain text, .jsonl with a \"text\" on each line, or "
      + ".safetensors with input_ids",
    "--calibration", "text.parquet"),
  .file(
    "text.gz", "abab",
    "text.gz: is not read by its name; give plain text, .jsonl with a \"text\" on each line, or "
      + ".safetensors with input_ids",
    "--calibration", "text.gz"),
  .file(
    "text.safetensors", "{}",
    "text.safetensors: not a valid safetensors file: 2 bytes are too few"),
  Refusal(
    "nothing to add in front of a window",
    "model: the tokenizer begins a text with no token of its own, so there is none to add",
    ["--calibration", "text.safetensors", "--add-bos"]
  ) {
    try $0.write("model/tokenizer.json", letters)
  },
  Refusal(
    "other tensors only",
    "text.safetensors: no I32 or I64 tensor is named input_ids"
  ) {
    try $0.write("text.safetensors", RawSafetensors.file([.init("tokens", "I32", [0], [])]))
  },
  Refusal(
    "tokens as floats",
    "text.safetensors: no I32 or I64 tensor is named input_ids"
  ) {
    try $0.write(
      "text.safetensors", RawSafetensors.file([.init("input_ids", "F32", [1], [0, 0, 0, 0])]))
  },
  Refusal(
    "a negative token",
    "text.safetensors: input_ids holds -3; tokens are numbers from 0 to 2147483647"
  ) {
    try $0.write("text.safetensors", TinyModel.tokenFile([1, -3]))
  },
  Refusal(
    "a token beyond the vocabulary",
    "model/model.safetensors: tensor model.embed_tokens.weight: has 64 rows, but the "
      + "text has a token 64; its tokens are not those of this model"
  ) {
    try $0.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(63, seed: 1) + [64]))
  },
  Refusal(
    "no tokens",
    "text.safetensors: found 0 tokens, needed 1 x 32; give a longer text, "
      + "or give a smaller --length"
  ) { try $0.write("text.safetensors", TinyModel.tokenFile([])) },
  Refusal(
    "too few tokens for one window",
    "text.safetensors: found 127 tokens, needed 1 x 128; give a longer text, "
      + "or give a smaller --length", ["--length", "128"]
  ) {
    try $0.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(127, seed: 1)))
  },
  Refusal(
    "too few tokens for that many windows",
    "text.safetensors: found 640 tokens, needed 21 x 32; give a longer text, "
      + "or give a smaller --samples, or give a smaller --length", ["--samples", "21"]),
  Refusal(
    "too few tokens for any number of windows",
    "text.safetensors: found 640 tokens, needed 9223372036854775807 x 32; give a longer "
      + "text, or give a smaller --samples, or give a smaller --length",
    ["--samples", "\(Int.max)"]),
  Refusal(
    "windows beyond the context",
    "windows of 129 tokens are longer than the model's context of 128; give a smaller --length",
    ["--length", "129"]),
  Refusal(
    "too short to judge",
    "text.safetensors: found 2 tokens, needed 1 x 128; give a longer text, or give a "
      + "smaller --length", ["eval", "model", "--text", "text.safetensors"]
  ) {
    try $0.write("text.safetensors", TinyModel.tokenFile([1, 2]))
  },
  Refusal(
    "judged on a token beyond the vocabulary",
    "model/model.safetensors: tensor model.embed_tokens.weight: has 64 rows, but the "
      + "text has a token 64; its tokens are not those of this model",
    ["eval", "model", "--text", "text.safetensors", "--length", "2"]
  ) { try $0.write("text.safetensors", TinyModel.tokenFile([1, 64])) },
  Refusal(
    "a context too short to judge",
    "windows of 2 tokens are longer than the model's context of 1; give a smaller --length",
    ["eval", "model", "--text", "text.safetensors"]
  ) {
    var model = TinyModel()
    model.configure("max_position_embeddings", "1")
    try model.write("model", in: $0)
  },
]

private let readings: [Refusal] = [
  Refusal(
    "not UTF-8",
    "text.txt: the text is not UTF-8; convert it first", ["--calibration", "text.txt"]
  ) {
    try $0.write("text.txt", [0x61, 0xFF, 0x62])
    try $0.write("model/tokenizer.json", letters)
  },
  Refusal(
    "empty",
    "text.txt: found 0 tokens, needed 1 x 32; give a longer text, "
      + "or give a smaller --length",
    ["--calibration", "text.txt"]
  ) {
    try $0.write("text.txt", "")
    try $0.write("model/tokenizer.json", letters)
  },
  Refusal(
    "a record that is not JSON",
    #"text.jsonl, line 4: a JSON object with a string "text" or a conversation is needed: line 1, column "#
      + #"14: expected '"', found the end of the text"#, ["--calibration", "text.jsonl"]
  ) {
    try $0.write("text.jsonl", "{\"text\": \"ab\"}\n\n\n{\"text\": \"ab}\n")
    try $0.write("model/tokenizer.json", letters)
  },
  Refusal(
    "a record without text",
    #"text.jsonl, line 2: a JSON object with a string "text" or a conversation is needed: text: expected a "#
      + #"value, found no such member"#, ["--calibration", "text.jsonl"]
  ) {
    try $0.write("text.jsonl", "{\"text\": \"a\u{2028}b\"}\r\n{\"note\": \"ab\"}\r\n")
    try $0.write("model/tokenizer.json", letters)
  },
  Refusal(
    "a text that is no string",
    #"text.jsonl, line 1: a JSON object with a string "text" or a conversation is needed: text: expected a "#
      + #"string, found an array"#, ["--calibration", "text.jsonl"]
  ) {
    try $0.write("text.jsonl", "{\"text\": [\"ab\"]}")
    try $0.write("model/tokenizer.json", letters)
  },
]

private let tokenizers: [Refusal] = [
  Refusal(
    "no tokenizer",
    "model/tokenizer.json: not found; the model's tokenizer is needed to read text; "
      + "tokens can also come from a .safetensors file with input_ids",
    ["--calibration", "text.txt"]
  ) { try $0.write("text.txt", "ab") },
  Refusal(
    "a tokenizer that is not JSON",
    "model/tokenizer.json: line 3, column 1: expected a member name in quotes, found '}'",
    ["--calibration", "text.txt"]
  ) {
    try $0.write("text.txt", "ab")
    try $0.write("model/tokenizer.json", "{\n  \"version\": 1.0,\n}")
  },
  Refusal(
    "a tokenizer without merges",
    "model/tokenizer.json: model.merges: found none, and a BPE model cannot be applied "
      + "without merges; export the tokenizer again with its merges in tokenizer.json",
    ["--calibration", "text.txt"]
  ) {
    try $0.write("text.txt", "ab")
    try $0.write(
      "model/tokenizer.json", #"{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}}}"#)
  },
  Refusal(
    "a tokenizer of another kind",
    "model/tokenizer.json: model: the type WordLevel is not supported; supported: BPE, Unigram, WordPiece",
    ["--calibration", "text.jsonl"]
  ) {
    try $0.write("text.jsonl", "")
    try $0.write(
      "model/tokenizer.json", #"{"version": "1.0", "model": {"type": "WordLevel", "vocab": []}}"#)
  },
]

@Suite struct `A text that cannot be used` {
  @Test(arguments: texts)
  func `because of its tokens is refused`(case: Refusal) throws { try `case`.check() }

  @Test(arguments: readings)
  func `because of its characters is refused`(case: Refusal) throws { try `case`.check() }

  @Test(arguments: tokenizers)
  func `because of the tokenizer is refused`(case: Refusal) throws { try `case`.check() }
}
