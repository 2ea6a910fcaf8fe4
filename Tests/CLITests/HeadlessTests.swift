// Models that do not end in logits of tokens, and what must not be done to them.

import JSON
import TestSupport
import Testing

/// A model without a head of its own, whose architecture is something else than a causal language model.
private func headless(_ architecture: String) -> TinyModel {
  var model = TinyModel()
  model.configure("architectures", "[\"\(architecture)\"]")
  model.configure("tie_word_embeddings", "false")
  if architecture.contains("Classification") {
    model.tensors.append(
      .init(
        "score.weight", "F32", [1, 32], RawSafetensors.bytes([Float](repeating: 0.5, count: 32))))
  }
  return model
}

/// What is said about predictions of a model without a head.
private func refusal(_ name: String) -> String {
  "Error: \(name): has no lm_head.weight, as models that embed or classify texts have none, so there are no "
    + "predictions to evaluate; it can be quantized\n"
}

@Suite struct `A model without a head` {
  @Test(arguments: ["LlamaModel", "LlamaForSequenceClassification"])
  func `is quantized, whatever its configuration says of one`(architecture: String) throws {
    try TemporaryFolder.with { folder in
      try headless(architecture).write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let common = ["quantize", "model", "-o", "out", "--group-size", "32", "--method"]
      try Command.succeed(common + ["rtn"], in: folder)
      // There is nothing to evaluate.
      let evaluated = try Command.run(
        "eval", "out", "--text", "text.safetensors", "--length", "32", in: folder)
      #expect(evaluated.status == 1)
      #expect(evaluated.errors.contains(refusal("out")))
      let compared = try Command.run(
        "compare", "model", "--calibration", "text.safetensors", "--length", "32", "--methods",
        "rtn",
        "--group-sizes", "32", "--text", "text.safetensors", in: folder)
      #expect(compared.errors.contains(refusal("model")))
    }
  }

  @Test func `is known by the names of its tensors, if its architecture has a head`() throws {
    try TemporaryFolder.with { folder in
      var model = headless("LlamaForCausalLM")
      model.tensors = model.tensors.map {
        .init(String($0.name.dropFirst("model.".count)), $0.type, $0.shape, $0.data)
      }
      try model.write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      try Command.succeed(
        "quantize", "model", "-o", "out", "--group-size", "32", "--length", "32", "--calibration",
        "text.safetensors", in: folder)
      let evaluated = try Command.run(
        "eval", "out", "--text", "text.safetensors", "--length", "32", in: folder)
      #expect(evaluated.status == 1 && evaluated.errors.contains(refusal("out")))
      // What is missing from the folder is another matter.
      try model.write("parts", in: folder, shards: 3)
      try folder.remove("parts/model-00003-of-00003.safetensors")
      let incomplete = try Command.run("inspect", "parts", in: folder)
      #expect(incomplete.errors.contains("the index names this shard"))
    }
  }

  @Test(arguments: [
    ("LlamaModel", "LlamaModel"), ("LlamaForSequenceClassification", "score"),
  ])
  func `is not rotated, since what reads it would be lost`(
    architecture: String, named: String
  ) throws {
    try TemporaryFolder.with { folder in
      try headless(architecture).write("model", in: folder)
      let outcome = try Command.run(
        "quantize", "model", "-o", "out", "--group-size", "32", "--method", "rotate+rtn", in: folder
      )
      #expect(outcome.status == 1)
      #expect(
        outcome.errors.contains(
          "Error: \(named): depends on the hidden states of the language model, and would have to be "
            + "rotated with it; quantize this model without a rotation\n"))
    }
  }

  @Test func `is still refused where a head is to be expected`() throws {
    try TemporaryFolder.with { folder in
      try headless("LlamaForCausalLM").write("model", in: folder)
      let outcome = try Command.run(
        "quantize", "model", "-o", "out", "--group-size", "32", "--method", "rtn", in: folder)
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("no tensor is named lm_head.weight"))
    }
  }
}
