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
      #expect(evaluated.errors.contains("lm_head.weight"))
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
