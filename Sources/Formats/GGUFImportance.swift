public import Checkpoint
internal import JSON
internal import LinearAlgebra

/// The file of importances that llama.cpp's quantizer weighs errors with (its `--imatrix`).
///
///     T.in_sum2   float32 [1, in]   Σ x² of each input channel of the tensor T
///     T.counts    float32 [1, 1]    the number of tokens
///
/// A tensor of all experts of a block has a row for each of them.
public struct GGUFImportance: Sendable {
  /// What is known of the input of a matrix.
  public struct Entry: Sendable {
    /// The Hugging Face key of the Linear, without `.weight`.
    public let linear: String
    /// Σ x² of each channel.
    public let squareSums: [Float]
    /// The number of tokens.
    public let tokens: Int

    /// Sums over so many tokens.
    public init(linear: String, squareSums: [Float], tokens: Int) {
      self.linear = linear
      self.squareSums = squareSums
      self.tokens = tokens
    }
  }

  /// What is known, by the places of matrices in GGUF files.
  let entries: [(place: GGUFArchitecture.Location, entry: Entry)]
  /// Where the entry of a Linear is.
  let positions: [String: Int]
  /// The number of experts of a block; 0 without a mixture.
  private let experts: Int
  /// What it was read from; the model that was measured otherwise.
  public internal(set) var path: String
  /// Whether the counts are of tokens, and not of calls.
  var countsTokens = true

  /// The importances of the Linears of a model.
  ///
  /// - Throws: ``CheckpointError`` for an architecture of which no GGUF files are written.
  public init(_ entries: [Entry], of folder: ModelFolder) throws(CheckpointError) {
    let architecture = try GGUFArchitecture(of: folder)
    var named: [(place: GGUFArchitecture.Location, entry: Entry)] = []
    for entry in entries {
      guard let place = architecture.location(of: "\(entry.linear).weight") else {
        throw .unsupported(
          path: folder.path,
          reason:
            "has a Linear \(entry.linear), of which files of \(architecture.name) know nothing")
      }
      named.append((place, entry))
    }
    self.entries = named.sorted {
      ($0.place.name, $0.place.expert ?? 0) < ($1.place.name, $1.place.expert ?? 0)
    }
    positions = Dictionary(
      self.entries.enumerated().map { ($1.entry.linear, $0) },
      uniquingKeysWith: { first, _ in first
      })
    experts = architecture.experts
    path = folder.path
  }

  /// Writes the file.
  ///
  /// - Parameters:
  ///   - path: the file; one that is there is replaced.
  ///   - text: the name of the text that the tokens are from.
  ///   - windows: how many windows the text was cut into.
  ///   - length: the tokens of a window.
  /// - Throws: ``CheckpointError`` if it cannot be written.
  public func write(
    to path: String, text: String, windows: Int, length: Int
  ) throws(CheckpointError) {
    let metadata: [(key: String, value: GGUFValue)] = [
      ("general.type", .string("imatrix")), ("imatrix.datasets", .strings([text])),
      ("imatrix.chunk_count", .uint32(UInt32(clamping: windows))),
      ("imatrix.chunk_size", .uint32(UInt32(clamping: length))),
    ]
    var (tensors, values) = ([GGUFTensor](), [String: [Float]]())
    for (place, entry) in entries {
      // An expert without an entry saw no token.
      let (row, rows) = (place.expert ?? 0, place.expert == nil ? 1 : experts)
      for (kind, part) in [("in_sum2", entry.squareSums), ("counts", [Float(entry.tokens)])] {
        let name = "\(place.name).\(kind)"
        if values[name] == nil {
          tensors.append(GGUFTensor(name, .float32, [rows, part.count]))
          values[name] = Array(repeating: 0, count: rows * part.count)
        }
        values[name]?.replaceSubrange(row * part.count..<(row + 1) * part.count, with: part)
      }
    }
    try GGUFFile.write(path, metadata, tensors) { tensor in
      FloatFormat.float32.encode(values[tensor.name] ?? [])
    }
  }
}
