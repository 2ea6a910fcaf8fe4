// Folders that hold no model: the message must say why, and nothing may be written.

import TestSupport
import Testing

private let folders: [Refusal] = [
  Refusal(
    "no folder",
    "nowhere: not found; a Hugging Face model folder is needed",
    ["quantize", "nowhere", "-o", "out", "--method", "rtn"]),
  Refusal(
    "a file",
    "text.safetensors: is a file; a Hugging Face model folder is needed",
    ["quantize", "text.safetensors", "-o", "out", "--method", "rtn"]),
  .file(
    "model/config.json", "",
    "model/config.json: line 1, column 1: expected a value, found the end of the text"),
  .file(
    "model/config.json", "{\n  \"model_type\": llama\n}",
    "model/config.json: line 2, column 17: expected a value, found 'l'"),
  .file(
    "model/config.json", "[1, 2]",
    "model/config.json: the value: expected an object, found an array"),
  Refusal(
    "no config.json",
    "empty/config.json: not found; a Hugging Face model folder has one",
    ["quantize", "empty", "-o", "out", "--method", "rtn"]
  ) {
    try $0.write("empty/model.safetensors", RawSafetensors.file([]))
  },
  Refusal(
    "no weights",
    "bare/model.safetensors: not found; the folder has no safetensors weights",
    ["quantize", "bare", "-o", "out", "--method", "rtn"]
  ) {
    try $0.write("bare/config.json", "{}")
  },
  Refusal(
    "weights in another format",
    "bare/model.safetensors: not found; found pytorch_model.bin, but weights must be in "
      + "safetensors; convert the model first", ["quantize", "bare", "-o", "out"]
  ) {
    try $0.write("bare/config.json", "{}")
    try $0.write("bare/pytorch_model.bin", [1, 2, 3])
  },
  Refusal(
    "a missing shard",
    "parts/model-00002-of-00003.safetensors: not found; the index names this shard; "
      + "fetch the model again", ["quantize", "parts", "-o", "out", "--method", "rtn"]
  ) {
    try TinyModel().write("parts", in: $0, shards: 3)
    try $0.remove("parts/model-00002-of-00003.safetensors")
  },
  Refusal(
    "a truncated shard",
    "parts/model-00002-of-00003.safetensors: not a valid safetensors file: the tensors "
      + "end at byte 21546 of 21446; it may be truncated, fetch it again",
    ["quantize", "parts", "-o", "out", "--method", "rtn"]
  ) {
    try TinyModel().write("parts", in: $0, shards: 3)
    let shard = "parts/model-00002-of-00003.safetensors"
    try $0.write(shard, try $0.read(shard).dropLast(100))
  },
  Refusal(
    "a header that contradicts itself",
    "model/model.safetensors: tensor a: F32 of shape [8] cannot take 4 bytes from 0, "
      + "where the tensors before it end at 0"
  ) {
    try $0.write(
      "model/model.safetensors",
      RawSafetensors.file(
        header: "{\(RawSafetensors.member("a", "F32", shape: "[8]", offsets: "[0,4]"))}",
        data: [0, 0, 0, 0]))
  },
  Refusal(
    "a folder where a small file should be",
    "model/vocab.json: not a regular file"
  ) {
    try $0.write("model/vocab.json/file", "")
  },
]

@Suite struct `A folder that holds no model` {
  @Test(arguments: folders)
  func `is refused`(case: Refusal) throws { try `case`.check() }
}
