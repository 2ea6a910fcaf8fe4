import Checkpoint
import Formats
import JSON
import LinearAlgebra
import Quantizer
import TestSupport
import Testing

extension FolderSink {
  /// Writes the elements of a tensor.
  func write(_ name: String, _ bytes: [UInt8]) throws(CheckpointError) {
    // Safety: a byte has no padding whose bits would be unknown.
    try unsafe write(name, bytes.span.bytes)
  }
}

extension TemporaryFolder {
  /// Makes a model folder `m` of one file and opens it.
  func open(
    _ tensors: [RawSafetensors.Tensor], config: String = "{}"
  ) throws -> ModelFolder {
    try write("m/config.json", config)
    try write("m/model.safetensors", RawSafetensors.file(tensors))
    return try ModelFolder(path: path("m"))
  }

  /// Writes a quantized Linear as a run does, into `out`, and opens the folder.
  func store(
    _ weight: QuantizedWeight, _ linear: LinearShape, _ format: any CheckpointFormat,
    scales: FloatFormat = .float16, activations: ActivationQuantizer? = nil
  ) throws -> ModelFolder {
    let quantized = QuantizedLinear(weight, activations: activations)
    let scheme = quantized.scheme
    let layout = format.layout(of: linear, scheme, scales: scales)
    let writer = try FolderSink(path: path("out"), tensors: layout)
    let elements = format.encode(quantized, scales: scales)
    try #require(elements.map(\.count) == layout.map(\.shape.byteCount), "\(layout)")
    for (i, tensor) in layout.enumerated() { try writer.write(tensor.name, elements[i]) }
    let configuration = format.configuration(of: scheme, provenance: ["tool": "test"])
    let config: JSONValue = ["quantization_config": configuration]
    try writer.writeFile("config.json", config.bytes(.pretty))
    try writer.finish()
    return try ModelFolder(path: path("out"))
  }
}

extension ModelFolder {
  /// The Linear as its format reads it back.
  func decodeLinear(_ linear: LinearShape) throws -> QuantizedLinear {
    let format = try #require(try CheckpointFormats.all.format(of: self))
    let configuration = try #require(configuration["quantization_config"])
    return try format.decode(linear, in: self, configuration)
  }

  /// Its weights.
  func decode(_ linear: LinearShape) throws -> QuantizedWeight { try decodeLinear(linear).weight }

  /// The words of an integer tensor.
  func words(_ name: String) throws -> [UInt32] {
    try #require(tensor(name)).withBytes { bytes in
      (0..<bytes.byteCount / 4).map { i in
        (0..<4).reduce(0) { word, byte in
          // Safety: the index is below the number of bytes; any bits are a byte.
          word | UInt32(unsafe bytes.unsafeLoad(fromByteOffset: 4 * i + byte, as: UInt8.self))
            << (8 * UInt32(byte))
        }
      }
    }
  }
}

extension ModelFolder.TensorReference {
  /// A copy of the elements.
  var bytes: [UInt8] { withBytes { span in unsafe span.withUnsafeBytes { unsafe [UInt8]($0) } } }
}

/// A quantized matrix with a grid from random weights, for a format and scale type.
func quantized(
  _ linear: LinearShape, _ scheme: Scheme, _ format: any CheckpointFormat,
  scales: FloatFormat = .float16
) throws -> QuantizedWeight {
  let weights = Matrix.heavyTailed(
    linear.rows, linear.columns, scale: 0.02, seed: UInt64(scheme.bits))
  let rule = GridRule(range: .minMax, encoding: format.encoding(scales: scales))
  return QuantizedWeight(nearest: weights, on: try rule.grid(for: weights, scheme: scheme))
}

/// Whether a closure throws an error of the files, with these words in its message.
func expectFailure(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  #expect(sourceLocation: sourceLocation) {
    _ = try body()
  } throws: { error in
    guard let error = error as? CheckpointError else { return false }
    let missing = words.filter { !error.description.contains($0) }
    if !missing.isEmpty {
      Issue.record("\(missing) not in: \(error)", sourceLocation: sourceLocation)
    }
    return true
  }
}
