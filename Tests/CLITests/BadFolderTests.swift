// Folders that hold no model: the message must say why, and nothing may be written.

import Foundation
import TestSupport
import Testing

/// Makes a link as the cache of the hub has them, whose file is gone.
private func link(_ name: String, in folder: TemporaryFolder) throws {
  try FileManager.default.createSymbolicLink(
    atPath: folder.path(name), withDestinationPath: "../../blobs/0123")
}

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
    "a link to nothing",
    "bare/model.safetensors: is a link to ../../blobs/0123, which is not there; fetch the model again, or copy "
      + "the folder together with the files that its links lead to", ["inspect", "bare"]
  ) {
    try $0.write("bare/config.json", "{}")
    try link("bare/model.safetensors", in: $0)
  },
  Refusal(
    "an index that is a link to nothing",
    "bare/model.safetensors.index.json: is a link to ../../blobs/0123, which is not there; fetch the model again, "
      + "or copy the folder together with the files that its links lead to", ["inspect", "bare"]
  ) {
    try $0.write("bare/config.json", "{}")
    try $0.write("bare/model-00001-of-00002.safetensors", RawSafetensors.file([]))
    try link("bare/model.safetensors.index.json", in: $0)
  },
  Refusal(
    "a configuration that is a link to nothing",
    "bare/config.json: is a link to ../../blobs/0123, which is not there; fetch the model again, or copy "
      + "the folder together with the files that its links lead to", ["inspect", "bare"]
  ) {
    try $0.write("bare/model.safetensors", RawSafetensors.file([]))
    try link("bare/config.json", in: $0)
  },
  Refusal(
    "a chat template that is a link to nothing, before a run begins",
    "bare/chat_template.jinja: is a link to ../../blobs/0123, which is not there; fetch the model again, or copy "
      + "the folder together with the files that its links lead to",
    ["quantize", "bare", "-o", "out", "--method", "rtn", "--group-size", "16", "--dry-run"]
  ) {
    try TinyModel().write("bare", in: $0)
    try link("bare/chat_template.jinja", in: $0)
  },
  Refusal(
    "an adapter that is not merged",
    "bare: its tensor model.layers.0.self_attn.q_proj.base_layer.weight is that of a model with an adapter that is "
      + "not merged; merge it with merge_and_unload() of peft and save the model",
    ["inspect", "bare"]
  ) {
    var model = TinyModel()
    model.replace("model.layers.0.self_attn.q_proj.weight") {
      .init("model.layers.0.self_attn.q_proj.base_layer.weight", $0.type, $0.shape, $0.data)
    }
    try model.write("bare", in: $0)
  },
  Refusal(
    "two snapshots, none of which is the right one",
    "hub: is a cache folder of the hub with the snapshots 0123, 4567, none of which is named by refs/main; give "
      + "one of them, such as hub/snapshots/0123", ["inspect", "hub"]
  ) {
    for name in ["0123", "4567"] { try TinyModel().write("hub/snapshots/\(name)", in: $0) }
  },
  Refusal(
    "the whole cache of the hub",
    "cache/config.json: not found; the folder is the cache of the hub, with models--a--b, models--c--d; give one "
      + "of them, such as cache/models--a--b", ["inspect", "cache"]
  ) {
    for name in ["a--b", "c--d"] {
      try TinyModel().write("cache/models--\(name)/snapshots/0123", in: $0)
    }
  },
  Refusal(
    "an adapter",
    "adapter/config.json: not found; the folder holds an adapter, which changes another model, some/llama; merge "
      + "it into that model, and give the result", ["inspect", "adapter"]
  ) {
    try $0.write("adapter/adapter_config.json", #"{"base_model_name_or_path": "some/llama"}"#)
    try $0.write("adapter/adapter_model.safetensors", RawSafetensors.file([]))
  },
  Refusal(
    "an adapter with a configuration",
    "bare/model.safetensors: not found; the folder holds an adapter, which changes another model; merge it into "
      + "that model, and give the result", ["inspect", "bare"]
  ) {
    try $0.write("bare/config.json", "{}")
    try $0.write("bare/adapter_config.json", "{}")
    try $0.write("bare/adapter_model.bin", [1, 2, 3])
  },
  Refusal(
    "two files of weights without an index",
    "bare/model.safetensors: not found; found one.safetensors, two.safetensors, but no "
      + "model.safetensors.index.json, which says what each of them holds; fetch it as well, or keep a single "
      + "file of weights", ["inspect", "bare"]
  ) {
    try $0.write("bare/config.json", "{}")
    for name in ["one", "two"] {
      try $0.write("bare/\(name).safetensors", RawSafetensors.file([]))
    }
  },
  .model(
    "tensors with another prefix",
    "model: no tensor is named model.embed_tokens.weight, which config.json calls for; one is named "
      + "backbone.model.embed_tokens.weight; rename the tensors, or correct config.json"
  ) {
    $0.tensors = $0.tensors.map { .init("backbone.\($0.name)", $0.type, $0.shape, $0.data) }
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
