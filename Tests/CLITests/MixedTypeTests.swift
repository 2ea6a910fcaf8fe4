// Linears of several types in one folder, each as a plan says.

import JSON
import TestSupport
import Testing

private let model = Command.tinyLlama
private let calibrated = ["--calibration", "\(model)/calibration.txt", "--samples", "4"]
private let judging = [
  "--text", "\(model)/heldout.txt", "--windows", "8", "--reference", model, "--json",
]

@Suite struct `A plan with types` {
  @Test(arguments: ["gptq", "awq+gptq", "rtn"])
  func `is carried out, read back and verified`(method: String) throws {
    try TemporaryFolder.with { folder in
      let plan = """
        {"bits": {"model.layers.*.*.*": 4, "model.layers.*.mlp.down_proj": "fp8",
          "model.layers.*.mlp.gate_proj": "nvfp4", "model.layers.*.mlp.up_proj": "nvfp4",
          "model.layers.1.self_attn.o_proj": "fp8-block", "model.layers.2.self_attn.o_proj": 8}}
        """
      try folder.write("plan.json", plan)
      let options = ["quantize", model, "--group-size", "64", "--method", method] + calibrated
      let made = try Command.succeed(
        options + ["-o", "out", "--bits-plan", "plan.json"], in: folder)
      #expect(made.output.contains("Linears lose what the report says"))
      let listed = try Command.succeed("inspect", "out", in: folder).output
      for line in [
        #/0.mlp.down_proj +256 x 768 +8 +channel +e4m3 +FP8 per token/#,
        #/4.mlp.up_proj +768 x 256 +4 +16 +e2m1 +- /#,
        #/1.self_attn.o_proj +256 x 256 +8 +128x128 +e4m3 +FP8 per 128/#,
        #/2.self_attn.o_proj +256 x 256 +8 +64 +symmetric +- /#,
        #/1.self_attn.v_proj +\d+ x 256 +4 +64 +symmetric +- /#,
      ] { #expect(listed.contains(line), "\(listed)") }
      let config = try JSONValue(parsing: folder.read("out/config.json"))
        .member("quantization_config")
      #expect(try config.member("format").string == "mixed-precision")
      let formats = try config.member("config_groups").members.map { group in
        try group.field.member("format").string
      }
      #expect(
        formats.sorted() == [
          "float-quantized", "float-quantized", "nvfp4-pack-quantized", "pack-quantized",
          "pack-quantized",
        ])
      try Command.succeed(options + ["-o", "plain"], in: folder)
      func divergence(_ name: String) throws -> Double {
        try Command.succeed(["eval", name] + judging, in: folder).json().member("kl_divergence")
          .double
      }
      let (mixed, plain) = (try divergence("out"), try divergence("plain"))
      #expect(mixed > 0 && mixed < plain, "\(mixed), \(plain)")
    }
  }

  @Test func `says what it would do, and how many bits a code has`() throws {
    try TemporaryFolder.with { folder in
      try folder.write(
        "plan.json", #"{"bits": {"model.layers.*.*.*": "nvfp4", "model.layers.0.*.*": "fp8"}}"#)
      let options = ["quantize", model, "-o", "out", "--bits-plan", "plan.json", "--dry-run"]
      let planned = try Command.succeed(options + calibrated, in: folder).output
      #expect(
        planned.contains(#/mlp.up_proj +1 .* fp8/#) && planned.contains(#/mlp.up_proj +4 .* nvfp4/#)
      )
    }
  }

  @Test(arguments: [
    (
      #""model.layers.*.*.*": "fp9""#, [],
      "expected an integer, or one of fp8, fp8-block, mxfp4, nvfp4, found fp9"
    ),
    (
      #""model.layers.*.*.*": "fp8", "model.layers.0.self_attn.q_proj": 4"#, [],
      "model.layers.0.self_attn.k_proj fp8; engines merge them"
    ),
    (
      #""model.layers.*.*.*": "fp8""#, ["--format", "gptq"],
      "expected an integer, found fp8"
    ),
    (
      #""model.layers.*.*.*": "fp8""#, ["--method", "gptq+int8"],
      "multiplies weights in FP8 with inputs in FP8, not with other numbers"
    ),
    (#""model.layers.*.*.*": true"#, [], "expected an integer, found a boolean"),
  ])
  func `is refused where it cannot be carried out`(
    entries: String, options: [String], words: String
  ) throws {
    try TemporaryFolder.with { folder in
      try folder.write("plan.json", "{\"bits\": {\(entries)}}")
      let outcome = try Command.start(
        ["quantize", model, "-o", "out", "--bits-plan", "plan.json"] + calibrated + options,
        in: folder
      ).finish()
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
  }
}
