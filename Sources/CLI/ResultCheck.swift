import Checkpoint
import Formats
import Report
import Studies
import Transformer

/// A finished folder, read again from the disk and compared with what was to be in it.
struct ResultCheck {
  /// A sentence for each thing that is as it should be.
  private(set) var confirmed: [String] = []
  /// A sentence for each that is not.
  private(set) var findings: [String] = []

  /// Compares every file with the digest in the manifest, and decodes every quantized Linear; with the model that
  /// the folder was made from, compares the error of every Linear with the report.
  ///
  /// - Parameters:
  ///   - folder: what quantize or convert has written.
  ///   - original: the model that it was made from; nil if there is none.
  ///   - open: opens the folder as a model.
  /// - Throws: `CheckpointError` if there is no manifest, or a Linear cannot be decoded.
  init(
    of folder: String, madeFrom original: LanguageModel? = nil,
    open: (String) throws -> LanguageModel
  ) throws {
    var progress = ProgressLine()
    defer { progress.end() }
    let show = { (share: Double, _: String) in progress.show(share / 2, "verifying") }
    try GGUFFile.isOne(folder) ? compareSeal(of: folder, show) : compareManifest(of: folder, show)
    guard findings.isEmpty else { return }
    let model = try open(folder)
    guard let original else {
      confirmed.append("\(try model.decodedLinears()) quantized Linears can be read")
      return
    }
    let outcome = try Verification(model, madeFrom: original).run { share, _ in
      progress.show((1 + share) / 2, "verifying")
    }
    findings = outcome.findings
    confirmed += outcome.sentences
  }
}

extension ResultCheck {
  /// Compares the files of a folder with its manifest.
  private mutating func compareManifest(
    of folder: String, _ progress: (Double, String) -> Void
  ) throws {
    guard let manifest = try Manifest(in: folder) else {
      throw CheckpointError.missing(
        path: "\(folder)/\(Manifest.fileName)",
        needed: "without it nobody knows what the folder should hold; quantize and convert write it"
      )
    }
    findings = manifest.findings(in: folder, progress: progress)
    let bytes = manifest.files.reduce(0) { $0 + $1.byteCount }
    confirmed = [
      "\(manifest.files.count) files of \(Numbers.count(bytes)) bytes are as they were written"
    ]
  }

  /// Compares a GGUF file with the digests in it.
  private mutating func compareSeal(
    of path: String, _ progress: (Double, String) -> Void
  ) throws {
    let file = try GGUFFile(path: path)
    guard let seal = try GGUFSeal(of: file) else {
      throw CheckpointError.gguf(
        path: path, reason: "has no digests of what it should hold; quantize and convert write them"
      )
    }
    findings = seal.findings(in: file, progress: progress)
    confirmed = [
      "\(file.entries.count) tensors in \(Numbers.count(file.file.byteCount)) bytes are as they were written"
    ]
  }
}

extension Verification.Outcome {
  /// What was as it should be.
  fileprivate var sentences: [String] {
    [
      "\(confirmed) Linears lose what the report says, and \(unchanged) other tensors are those of the model"
        + (unknown == 0 ? "" : "; \(unknown) Linears were scaled by factors that are not stored")
    ]
  }
}

extension LanguageModel {
  /// Decodes every quantized Linear; how many there are.
  ///
  /// - Throws: ``CheckpointError`` that names one that cannot be decoded.
  fileprivate func decodedLinears() throws -> Int {
    var count = 0
    for block in declaration.blocks.indices {
      for linear in declaration.linears(block: block) where isQuantized(linear) {
        _ = try quantizedLinear(linear)
        count += 1
      }
    }
    return count
  }
}

/// A result is not what was written.
struct ResultError: Error, CustomStringConvertible {
  let path: String
  let findings: [String]

  var description: String {
    "\(path): is not what was written, so the disk or the memory of this machine may be faulty: "
      + findings.joined(separator: "; ")
  }
}
