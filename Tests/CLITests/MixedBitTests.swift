// Different numbers of bits in one folder, from the command line.

import Checkpoint
import JSON
import TestSupport
import Testing

private let refusals: [Refusal] = [
  Refusal(
    "two ways to choose",
    "--bits-budget and --bits-plan exclude each other.", status: 64,
    ["--bits-budget", "3", "--bits-plan", "plan.json"]),
  Refusal(
    "bits beside a budget",
    "--bits and --bits-budget or --bits-plan exclude each other.", status: 64,
    ["--bits-budget", "3", "--bits", "4"]),
  Refusal(
    "choices without a budget",
    "--bits-choices needs --bits-budget.", status: 64, ["--bits-choices", "3,4"]),
  Refusal(
    "a plan to save without a budget",
    "--save-bits-plan needs --bits-budget.", status: 64, ["--save-bits-plan", "plan.json"]),
  Refusal(
    "an impossible budget",
    "--bits-budget must be between 0 and 16, not nan.", status: 64, ["--bits-budget", "nan"]),
  Refusal(
    "a budget below all choices",
    "a budget of 3.5 bits is below the smallest choice of 4",
    ["--bits-budget", "3.5", "--bits-choices", "4,8"]),
  Refusal(
    "a format of one scheme",
    "gptq stores one number of bits for all Linears; use --bits, or use --format "
      + "compressed-tensors", ["--bits-budget", "4", "--format", "gptq"]),
  Refusal(
    "a budget without a text",
    "a choice of bits needs a calibration text; give --calibration FILE",
    ["quantize", "model", "-o", "out", "--group-size", "32", "--bits-budget", "4"]),
  Refusal(
    "a plan that exists already",
    "model: is a folder",
    ["--bits-budget", "4", "--save-bits-plan", "model"]),
  Refusal(
    "a plan that is a file already",
    "text.safetensors: exists already; give --save-bits-plan another name",
    ["--bits-budget", "4", "--save-bits-plan", "text.safetensors"]),
  Refusal(
    "a plan in the place of the result", "--save-bits-plan and --output are the same.", status: 64,
    ["--bits-budget", "4", "--save-bits-plan", "./out"]),
  Refusal(
    "too little memory",
    "a memory budget of 9 MB is too small: the run needs about 303 MB for the program, the weights of a block, the "
      + "statistics of a stage and what is computed at a time",
    ["--bits-budget", "4", "--memory-budget", "9MB"]),
  Refusal(
    "a plan in no folder",
    "no/plan.json: writing into its folder failed: No such file or directory",
    ["--bits-budget", "4", "--save-bits-plan", "no/plan.json"]),
  Refusal(
    "no plan",
    "plan.json: opening failed: No such file or directory", ["--bits-plan", "plan.json"]),
]

@Suite struct `The command that mixes bits` {
  @Test(arguments: refusals)
  func `refuses what it cannot do, and writes nothing`(refusal: Refusal) throws {
    try refusal.check()
  }

  /// The bits of every Linear in a folder.
  private func bits(_ name: String, in folder: TemporaryFolder) throws -> [Int] {
    try Command.succeed("inspect", name, "--json", in: folder).json().field.array.map {
      try $0.member("bits").int
    }
  }

  @Test func `keeps the budget, says what it chose, and repeats it from the saved plan`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let outcome = try Command.start(
        Refusal.good + ["--bits-budget", "3.5", "--save-bits-plan", "plan.json"], in: folder
      ).finish()
      try #require(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.errors.contains(/bits per code of a budget of 3.5, chosen from 2, 3, 4, 5/))
      #expect(outcome.errors.contains("planning, block 1"))
      let lines = outcome.output.split(separator: "\n")
      #expect(lines[0].contains(/^stage +weights +bits +KL at 2/))
      #expect(lines[2].contains(/^model.layers.0.self_attn.q_proj \+ 2 +2 048/))
      // Eight stages, and the table of the run with fourteen Linears.
      #expect(lines[10].hasPrefix("Linear ") && lines.count == 10 + 2 + 14 + 5)

      let plan = try JSONValue(parsing: folder.read("plan.json"))
      #expect(try plan.member("average_bits").double <= 3.5)
      let planned = try plan.member("bits").members.map { try $0.field.int }
      #expect(try bits("out", in: folder) == planned)
      #expect(Set(planned).count > 1)
      let config = try ModelFolder(path: folder.path("out")).configuration
      let groups = try config.member("quantization_config").member("config_groups").members
      #expect(groups.count == Set(planned).count)
      var targets: [String: Int] = [:]
      for (_, group) in groups {
        for name in try group.member("targets").strings {
          targets[name] = try group.member("weights").member("num_bits").int
        }
      }
      let expected = try plan.member("bits").members.map { ($0.name, try $0.field.int) }
      #expect(targets == Dictionary(uniqueKeysWithValues: expected))

      try Command.succeed(
        "quantize", "model", "-o", "again", "--group-size", "32", "--length", "32",
        "--calibration", "text.safetensors", "--bits-plan", "plan.json", in: folder)
      for name in ["config.json", "model.safetensors"] {
        #expect(try folder.read("out/\(name)") == folder.read("again/\(name)"))
      }
      let evaluated = try Command.succeed(
        "eval", "out", "--text", "text.safetensors", "--length", "32", "--reference", "model",
        "--json", in: folder
      ).json()
      #expect(try evaluated.member("kl_divergence").double < 1)
    }
  }

  @Test func `follows a plan that was written by hand`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write(
        "plan.json",
        #"{"bits": {"model.layers.*.*.*": 4, "model.layers.1.mlp.down_proj": 8}}"#)
      let outcome = try Command.succeed(
        "quantize", "model", "-o", "out", "--method", "rtn", "--group-size", "32", "--bits-plan",
        "plan.json", in: folder)
      #expect(!outcome.errors.contains("Humming"))
      #expect(try bits("out", in: folder) == [Int](repeating: 4, count: 13) + [8])
      try folder.write("plan.json", #"{"bits": {"model.layers.*.*.*": 3, "x": 8}}"#)
      let refused = try Command.run(
        "quantize", "model", "-o", "no", "--method", "rtn", "--group-size", "32", "--bits-plan",
        "plan.json", in: folder)
      #expect(refused.status == 1)
      #expect(
        refused.errors
          == "Error: the plan of bits names x, which no Linear of the model is called\n"
      )
    }
  }

  @Test func `says which choices all engines load`() throws {
    try TemporaryFolder.with { folder in
      try TinyModel().write("model", in: folder)
      try folder.write("text.safetensors", TinyModel.tokenFile(TinyModel.tokens(640, seed: 2)))
      let some = try Command.start(
        Refusal.good + ["--bits-budget", "5", "--bits-choices", "4,8"], in: folder
      ).finish()
      #expect(some.status == 0 && some.errors.contains("will load in vLLM, transformers"))
      let all = try Command.start(
        Refusal.good + ["-o", "other", "--bits-budget", "3"], in: folder
      ).finish()
      #expect(all.errors.contains("let --bits-choices or the plan have only 4 or 8"))
    }
  }
}
