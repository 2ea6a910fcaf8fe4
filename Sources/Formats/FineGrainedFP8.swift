// Folders in which DeepSeek and Qwen publish models in FP8: `quant_method` is fp8, and a Linear P with weights [out, in] is
//
//   P.weight            E4M3   [out, in]
//   P.weight_scale_inv  floats [⌈out/r⌉, ⌈in/c⌉]     what the weights of a block are multiplied with, whatever its name says
//
// for the sides r and c of `weight_block_size`. These are the matrices of compressed-tensors under another name; they are
// read and not written.

internal import Checkpoint
internal import JSON
internal import LinearAlgebra
internal import Quantizer

enum FineGrainedFP8 {
  /// Whether a `quantization_config` describes such a folder.
  static func recognizes(_ configuration: JSONValue) -> Bool {
    configuration["quant_method"] == "fp8"
  }

  static func decode(
    _ linear: LinearShape, in folder: ModelFolder, _ configuration: JSONValue
  ) throws(CheckpointError) -> QuantizedLinear {
    let block: (rows: Int, columns: Int)
    do throws(JSONError) {
      block = try configuration.member("weight_block_size").block
      try check(configuration, "activation_scheme", "dynamic")
      try check(configuration, "fmt", "e4m3")
    } catch {
      throw .json(path: "\(folder.path)/config.json", cause: error)
    }
    let (scales, groups) = try folder.scales(of: linear, "\(linear.name).weight_scale_inv", block)
    let grid = Grid(
      scheme: try folder.scheme(8, points: .table(.e4m3), groups.granularity),
      groupSize: groups.size, scales: scales,
      offsets: Matrix(rows: linear.rows, columns: groups.count))
    return QuantizedLinear(
      QuantizedWeight(
        rows: linear.rows, columns: linear.columns, grid: grid,
        codes: try ByteLayout.floatCodes(of: linear, in: folder)),
      activations: ActivationQuantizer(ActivationScheme(floatsBy: .group(block.columns))))
  }

  /// Checks a member that may miss.
  private static func check(
    _ configuration: JSONValue, _ name: String, _ needed: String
  ) throws(JSONError) {
    guard let field = try configuration.optionalMember(name) else { return }
    let found = try field.string
    guard found == needed else {
      throw .wrongKind(path: name, expected: needed, found: found)
    }
  }
}
