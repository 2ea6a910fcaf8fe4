import Benchmark
import Foundation
import PTQ

/// The bundled model: its tokenizer, its forward pass, and a whole run.
func measureModel() {
  measure(
    "tokenize 64 x 256", on: { try TinyLlama() },
    isRight: { $0.texts.calibration.count == 64 && $0.windows.allSatisfy { $0.count == 256 } },
    { blackHole(try $0.read()) })
  measure(
    "forward 64 x 256", on: { try TinyLlama() },
    // A dense model is as far from chance as the text that it was trained on allows.
    isRight: { try $0.evaluated().perplexity < 100 },
    { blackHole(try $0.evaluated()) })
  measure(
    "quantize tiny-llama, gptq, 64 x 256", on: { try TinyLlama() },
    isRight: { try $0.quantized().linears.count == 35 },
    { blackHole(try $0.quantized()) })
}

private struct TinyLlama {
  let model: LanguageModel
  let texts: CalibrationSet
  private let text: String

  init() throws {
    let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in
      url.deletingLastPathComponent()
    }
    let path = root.appendingPathComponent("Examples/tiny-llama").path
    model = try LanguageModel(ModelFolder(path: path))
    text = "\(path)/calibration.txt"
    texts = try CalibrationSet(path: text, for: model.folder, samples: 64, length: 256)
  }

  var windows: [[Int32]] { texts.calibration + texts.heldOut }

  func read() throws -> CalibrationSet {
    try CalibrationSet(path: text, for: model.folder, samples: 64, length: 256)
  }

  func evaluated() throws -> Evaluation {
    try Evaluation(of: model, on: TokenWindows(cutting: windows.flatMap(\.self), length: 256))
  }

  func quantized() throws -> RunReport {
    let output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: output) }
    let scheme = try Scheme(bits: 4, symmetric: true, granularity: .group(64))
    return try QuantizationRun(
      model: model, settings: QuantizationSettings(scheme: scheme), calibration: texts,
      output: output.path
    ).run()
  }
}
