// Folders whose Linears have different numbers of bits: what their configuration says, and how it is read.

import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

private func scheme(_ bits: Int, symmetric: Bool = true) throws -> LinearScheme {
  LinearScheme(try Scheme(bits: bits, symmetric: symmetric, granularity: .group(16)))
}

private let (first, second) = (
  LinearShape(name: "model.layers.0.self_attn.o_proj", rows: 8, columns: 32),
  LinearShape(name: "model.layers.0.mlp.down_proj", rows: 8, columns: 64)
)

/// `quantization_config` of two groups; each has targets and a number of bits.
private func configuration(_ groups: [(targets: [String], bits: Int)]) -> String {
  let members = groups.enumerated().map { index, group in
    let targets = group.targets.map { "\"\($0)\"" }.joined(separator: ", ")
    return """
      "g\(index)": {"targets": [\(targets)], "weights":
      {"num_bits": \(group.bits), "strategy": "group", "group_size": 16}}
      """
  }
  return """
    {"quantization_config": {"quant_method": "compressed-tensors", "format": "pack-quantized",
    "config_groups": {\(members.joined(separator: ", "))}}}
    """
}

/// Two groups of targets of 5 and 3 bits, in either order, and whether they find the Linears stored so.
private struct Reading: Sendable {
  let groups: [(targets: [String], bits: Int)]
  let isRight: Bool

  init(_ first: String, _ bits: Int, _ second: String, _ otherBits: Int, _ isRight: Bool = true) {
    groups = [([first], bits), ([second], otherBits)]
    self.isRight = isRight
  }
}

private let readings: [Reading] = [
  // Whole names come before expressions, and those before the class.
  Reading("Linear", 5, "re:.*down_proj", 3),
  Reading("re:.*down_proj$", 3, "Linear", 5),
  Reading("re:.*", 5, second.name, 3),
  Reading(first.name, 5, #"re:model\\.layers\\.\\d+\\.mlp\\..*"#, 3),
  // An expression has to match from the start of the name.
  Reading("re:down_proj", 3, "Linear", 5, false),
  Reading("down_proj", 3, "Linear", 5, false),
]

extension TemporaryFolder {
  /// Stores both Linears, each with its number of bits.
  fileprivate func store(
    _ bits: [Int], symmetric: Bool = true, _ config: String? = nil
  ) throws -> (folder: ModelFolder, weights: [QuantizedWeight]) {
    let format = CompressedTensorsFormat()
    let linears = [first, second]
    let schemes = try bits.map { try scheme($0, symmetric: symmetric) }
    let weights = try pairs(linears, schemes).map { try quantized($0, $1.weights, format) }
    let layouts = try pairs(linears, schemes).map {
      format.layout(of: $0, $1, scales: .float16)
    }
    let sink = try FolderSink(path: path("out"), tensors: layouts.flatMap(\.self))
    for (layout, weight) in try pairs(layouts, weights) {
      let elements = format.encode(QuantizedLinear(weight), scales: .float16)
      for (tensor, bytes) in try pairs(layout, elements) { try sink.write(tensor.name, bytes) }
    }
    let groups = SchemeGroup.groups(of: zip(linears.map(\.name), schemes))
    let whole: JSONValue = [
      "quantization_config": format.configuration(of: groups, leaving: nil, provenance: nil)
    ]
    try sink.writeFile("config.json", config.map { Array($0.utf8) } ?? whole.bytes(.pretty))
    try sink.finish()
    return (try ModelFolder(path: path("out")), weights)
  }
}

@Suite struct `A folder of several schemes` {
  @Test func `names the Linears of each`() throws {
    let groups = SchemeGroup.groups(of: [
      ("b", try scheme(4)), ("a", try scheme(3)), ("c", try scheme(4)),
    ])
    #expect(
      groups == [
        SchemeGroup(try scheme(3), linears: ["a"]),
        SchemeGroup(try scheme(4), linears: ["b", "c"]),
      ])
    let config = CompressedTensorsFormat().configuration(
      of: groups, leaving: LinearSelection(quantized: ["a", "b", "c"], dense: ["r"]),
      provenance: ["tool": "ptq"])
    #expect(
      config.text(.pretty) == """
        {
          "quant_method": "compressed-tensors",
          "format": "pack-quantized",
          "quantization_status": "compressed",
          "global_compression_ratio": null,
          "kv_cache_scheme": null,
          "ignore": [
            "r",
            "lm_head"
          ],
          "config_groups": {
            "group_0": {
              "targets": [
                "a"
              ],
              "format": "pack-quantized",
              "weights": {
                "num_bits": 3,
                "type": "int",
                "symmetric": true,
                "strategy": "group",
                "group_size": 16,
                "dynamic": false,
                "actorder": null,
                "block_structure": null,
                "observer": "minmax",
                "observer_kwargs": {}
              },
              "input_activations": null,
              "output_activations": null
            },
            "group_1": {
              "targets": [
                "b",
                "c"
              ],
              "format": "pack-quantized",
              "weights": {
                "num_bits": 4,
                "type": "int",
                "symmetric": true,
                "strategy": "group",
                "group_size": 16,
                "dynamic": false,
                "actorder": null,
                "block_structure": null,
                "observer": "minmax",
                "observer_kwargs": {}
              },
              "input_activations": null,
              "output_activations": null
            }
          },
          "sparsity_config": {},
          "transform_config": {},
          "provenance": {
            "tool": "ptq"
          },
          "version": "0.19.0"
        }
        """)
  }

  @Test func `has the class as target where there is only one after all`() throws {
    let format = CompressedTensorsFormat()
    let groups = SchemeGroup.groups(of: [("a", try scheme(4)), ("b", try scheme(4))])
    #expect(
      format.configuration(of: groups, leaving: nil, provenance: nil)
        == format.configuration(of: try scheme(4), provenance: nil))
    #expect(format.holdsSeveralSchemes)
    #expect(!GPTQFormat().holdsSeveralSchemes && !AWQFormat().holdsSeveralSchemes)
  }

  @Test(arguments: [(2, 3), (3, 5), (4, 8), (6, 2)], [true, false])
  func `is read Linear by Linear`(bits: (Int, Int), symmetric: Bool) throws {
    try TemporaryFolder.with { folder in
      let (model, weights) = try folder.store([bits.0, bits.1], symmetric: symmetric)
      for (linear, weight) in try pairs([first, second], weights) {
        let found = try model.decode(linear)
        #expect(found == weight, "\(linear.name)")
      }
      #expect(try model.decode(first).grid.scheme.bits == bits.0)
      #expect(try model.decode(second).grid.scheme.bits == bits.1)
    }
  }

  @Test(arguments: readings)
  private func `is read by the rules of the format`(reading: Reading) throws {
    try TemporaryFolder.with { folder in
      let (model, weights) = try folder.store([5, 3], configuration(reading.groups))
      #expect(try model.decode(first) == weights[0])
      guard reading.isRight else {
        // Words of 3 bits under a heading of 5 have the wrong shape.
        expectFailure(second.name, "shape") { try model.decode(second) }
        return
      }
      #expect(try model.decode(second) == weights[1])
    }
  }

  @Test func `is refused where a Linear has no group, or a target cannot be read`() throws {
    for (targets, words) in [
      (["a", "b"], [second.name, "2 groups"]), (["re:(", "Linear"], ["re:(", "expressions"]),
      // Given up, since it would backtrack for ever.
      (["re:((.+)+)+(?!.*)", "Linear"], ["re:((", "expressions"]),
    ] {
      try TemporaryFolder.with { folder in
        let groups = [([targets[0]], 5), ([targets[1]], 3)]
        let (model, _) = try folder.store([5, 3], configuration(groups))
        expectFailure("config.json", words[0], words[1]) { try model.decode(second) }
      }
    }
    try TemporaryFolder.with { folder in
      let broken = configuration([(["a"], 3), (["b"], 3)]).replacing(#"["a"]"#, with: #""a""#)
      let (model, _) = try folder.store([5, 3], broken)
      expectFailure("config_groups.g0.targets", "an array") { try model.decode(second) }
    }
  }
}
