internal import Checkpoint
internal import Foundation
internal import JSON
internal import LinearAlgebra
internal import Transformer

/// What a run has finished, kept in the hidden folder beside its result so that another one can continue.
///
///     journal.json          the identity of the run, the number of finished blocks, and their reports
///     states-N.safetensors  the hidden states behind block N, exactly as they were
///
/// The journal names the states that belong to it and replaces its predecessor in one step, so at every
/// instant there is a whole one.
struct Journal {
  /// Which run it is.
  let identity: RunIdentity
  /// The number of finished blocks.
  let blocks: Int
  /// What was reported of their Linears.
  let linears: [LinearReport]
  /// The Linears that stay as they are.
  let unquantized: [FailedLinear]

  private static let fileName = "journal.json"

  private static func states(_ blocks: Int) -> String { "states-\(blocks).safetensors" }

  /// A journal of given contents.
  init(
    identity: RunIdentity, blocks: Int, linears: [LinearReport], unquantized: [FailedLinear] = []
  ) {
    self.unquantized = unquantized
    self.identity = identity
    self.blocks = blocks
    self.linears = linears
  }

  /// The journal in a workspace, or nil if there is none.
  ///
  /// - Throws: ``CheckpointError`` if it is damaged.
  init?(in workspace: String) throws(CheckpointError) {
    let path = "\(workspace)/\(Self.fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try MappedFile(path: path)
    do throws(JSONError) {
      let json = try JSONValue(parsing: file.copy(0..<file.byteCount))
      identity = try RunIdentity(json.member("run"))
      blocks = try json.member("blocks").positive()
      var linears: [LinearReport] = []
      for field in try json.member("linears").array { linears.append(try LinearReport(field)) }
      self.linears = linears
      unquantized = try FailedLinear.list(in: json.optionalMember("unquantized"))
    } catch {
      throw .json(path: path, cause: error)
    }
  }

  /// Writes the journal with the hidden states behind its blocks, in place of an earlier one.
  func write(
    to workspace: String, _ stream: Stream, beside original: Stream?
  ) throws(CheckpointError) {
    let states = "\(workspace)/\(Self.states(blocks))"
    try? FileManager.default.removeItem(atPath: states)
    let windows =
      Self.named("quantized", stream) + (original.map { Self.named("original", $0) } ?? [])
    try SafetensorsFile.write(windows, to: states)
    let json: JSONValue = [
      "run": identity.json, "blocks": .number(JSONNumber(blocks)),
      "linears": .array(linears.map(\.json)),
      "unquantized": .array(unquantized.map(\.json)),
    ]
    try SmallFile.replace("\(workspace)/\(Self.fileName)", with: json.bytes(.pretty))
    let kept = [Self.fileName, Self.states(blocks)]
    for name in (try? FileManager.default.contentsOfDirectory(atPath: workspace)) ?? []
    where !kept.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(workspace)/\(name)")
    }
  }

  /// The hidden states behind the finished blocks.
  ///
  /// - Parameters:
  ///   - name: "quantized" or "original".
  ///   - blocks: the number of finished blocks.
  ///   - workspace: where the journal was.
  ///   - embeddings: states of the same windows, for their sizes.
  /// - Returns: the states of each window.
  /// - Throws: ``CheckpointError`` if they are not those of such windows.
  static func windows(
    _ name: String, behind blocks: Int, in workspace: String, like embeddings: [Matrix]
  ) throws(CheckpointError) -> [Matrix] {
    let path = "\(workspace)/\(states(blocks))"
    let file = try SafetensorsFile(path: path)
    var result: [Matrix] = []
    for (i, embedding) in embeddings.enumerated() {
      let (rows, columns) = (embedding.rows, embedding.columns)
      guard let elements = file.floats("\(name).\(i)"), elements.count == rows * columns else {
        throw .missing(
          path: path, needed: "the hidden states \(name).\(i) of \(rows) x \(columns) numbers")
      }
      result.append(Matrix(rows: rows, columns: columns, elements: elements))
    }
    return result
  }

  private static func named(_ name: String, _ stream: Stream) -> [(name: String, matrix: Matrix)] {
    stream.windows.enumerated().map { ("\(name).\($0)", $1) }
  }
}
