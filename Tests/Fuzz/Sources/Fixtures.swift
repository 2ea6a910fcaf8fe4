import Checkpoint
import Foundation

/// The fixtures of the tests, which the environment names the folder of.
enum Fixtures {
  static let root = ProcessInfo.processInfo.environment["PTQ_FUZZ_FIXTURES"] ?? "Tests"

  /// The names in a folder of fixtures, in order, of which there must be some.
  static func names(in folder: String, suffix: String = "") -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
    let fitting = names.filter { $0.hasSuffix(suffix) }.sorted()
    expect(!fitting.isEmpty, "no fixtures in \(root)/\(folder)")
    return fitting
  }

  /// The bytes of a file.
  static func bytes(_ path: String) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: "\(root)/\(path)") else {
      fatalError("no fixture \(root)/\(path)")
    }
    return [UInt8](data)
  }

  /// A folder of files in memory with the weights of a fixture, and the path of its `config.json`.
  static func linkedFolder(_ name: String, weights: String) -> String {
    let target = URL(fileURLWithPath: "\(root)/\(weights)").path
    _ = Scratch.write("\(name)/config.json", [])
    let link = Scratch.path("\(name)/model.safetensors")
    if !FileManager.default.fileExists(atPath: link) { unsafe _ = symlink(target, link) }
    return Scratch.path(name)
  }
}

extension Array {
  /// The element that a byte chooses.
  func chosen(by byte: UInt8?) -> Element { self[Int(byte ?? 0) % count] }
}
