public import Checkpoint
internal import JSON
internal import LinearAlgebra

// An importance file as statistics of the inputs of a model: the diagonal of H, and nothing else.

extension GGUFImportance {
  /// Reads a file of either kind, as llama-imatrix or ``write(to:text:windows:length:)`` makes them.
  ///
  /// What it says of tensors that are no Linears of the model's blocks is not used.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - folder: the model.
  /// - Throws: ``CheckpointError`` for a file that is none, or of a model with more blocks; for an entry that is
  ///   negative, infinite or NaN, zero throughout, or of no tokens; and for an architecture without such files.
  public init(path: String, for folder: ModelFolder) throws(CheckpointError) {
    let architecture = try GGUFArchitecture(of: folder)
    let isNew = GGUFFile.isOne(path)
    let stored = try isNew ? Self.stored(in: GGUFFile(path: path)) : Self.legacy(in: path)
    var found: [Entry] = []
    for (name, sums, counts) in stored {
      guard architecture.place(of: name) <= architecture.blocks,
        !name.hasPrefix("blk.") || architecture.place(of: name) < architecture.blocks
      else {
        throw .tensor(
          name: name, path: path,
          reason: "is of another model: this one has \(architecture.blocks) blocks")
      }
      let keys = architecture.keys(of: name)
      if keys.isEmpty { continue }
      guard sums.count % keys.count == 0, isNew ? counts.count == keys.count : true else {
        let known = isNew ? "\(counts.count) counts" : "\(sums.count) values"
        throw .tensor(
          name: name, path: path,
          reason:
            "has \(known), and \(keys.count == 1 ? "one is" : "\(keys.count) experts are") read")
      }
      let width = sums.count / keys.count
      for (expert, key) in keys.enumerated() {
        var entry = Entry(
          linear: String(key.dropLast(".weight".count)),
          squareSums: Array(sums[expert * width..<(expert + 1) * width]),
          tokens: counts.count == 1 ? counts[0] : counts[expert])
        // Nothing is known of the input of an expert that no token reached, so all channels count the same.
        if keys.count > 1, entry.tokens == 0 {
          entry = Entry(
            linear: entry.linear, squareSums: Array(repeating: 1, count: width), tokens: 0)
        }
        try entry.check(name, path)
        found.append(entry)
      }
    }
    try self.init(found, of: folder)
    self.path = path
    countsTokens = isNew
  }

  /// The sums and counts of a GGUF file, by the names of its tensors.
  private static func stored(
    in file: GGUFFile
  ) throws(CheckpointError) -> [(name: String, sums: [Float], counts: [Int])] {
    let (path, kind) = (file.file.path, file["general.type"]?.text ?? "missing")
    guard kind == "imatrix" else {
      throw .unsupported(
        path: path,
        reason: "is no importance file: its general.type is \(kind), and that of one is imatrix")
    }
    var result: [(name: String, sums: [Float], counts: [Int])] = []
    for entry in file.entries where entry.name.hasSuffix(".in_sum2") {
      let name = String(entry.name.dropLast(".in_sum2".count))
      let sums = try file.floats(entry)
      guard let counts = file.entries.first(where: { $0.name == "\(name).counts" }) else {
        throw .tensor(name: name, path: path, reason: "has sums (in_sum2) and no counts")
      }
      let numbers = try file.floats(counts)
      guard numbers.count == entry.rows else {
        throw .tensor(
          name: name, path: path,
          reason: "has \(entry.rows) rows of sums and \(numbers.count) counts; one of each is read")
      }
      // Some experts may have seen no token.
      let least: Float = numbers.count > 1 && numbers.contains { $0 >= 1 } ? 0 : 1
      if let count = numbers.first(where: { !($0 >= least && $0 < 0x1p62) }) {
        throw .tensor(
          name: name, path: path,
          reason: "counts \(count) tokens, so nothing is known of its input")
      }
      result.append((name, sums, numbers.map { Int($0) }))
    }
    guard !result.isEmpty else {
      throw .unsupported(path: path, reason: "has no importances (tensors NAME.in_sum2)")
    }
    return result
  }

  private static func legacy(
    in path: String
  ) throws(CheckpointError) -> [(name: String, sums: [Float], counts: [Int])] {
    var names: Set<String> = []
    return try LegacyImportance(path: path).entries.map { entry throws(CheckpointError) in
      guard names.insert(entry.name).inserted else {
        throw .tensor(name: entry.name, path: path, reason: "is there twice")
      }
      guard entry.calls >= 1 else {
        throw .tensor(
          name: entry.name, path: path,
          reason: "counts \(entry.calls) calls, so nothing is known of its input")
      }
      return (entry.name, entry.values, [entry.calls])
    }
  }
}

extension GGUFImportance.Entry {
  /// Checks that some input has these sums of squares.
  fileprivate func check(_ name: String, _ path: String) throws(CheckpointError) {
    if let i = squareSums.firstIndex(where: { !$0.isFinite || $0 < 0 }) {
      throw .tensor(
        name: name, path: path,
        reason: "has the sum of squares \(squareSums[i]) for channel \(i)")
    }
    guard squareSums.contains(where: { $0 > 0 }) else {
      throw .tensor(
        name: name, path: path, reason: "has only zeros, so nothing is known of its input")
    }
  }

  /// E[x²] of each channel.
  package var meanSquares: [Float] { squareSums.map { $0 / Float(max(1, tokens)) } }
}

extension GGUFImportance {
  /// What is known of the input of a Linear.
  ///
  /// - Throws: ``CheckpointError`` where nothing is, or of another width.
  package func entry(of linear: LinearShape) throws(CheckpointError) -> Entry {
    guard let position = positions[linear.name] else {
      throw .unsupported(
        path: path,
        reason:
          "has no importances for \(linear.name); it is of another model, or of a part of this one"
      )
    }
    let (place, entry) = entries[position]
    guard entry.squareSums.count == linear.columns else {
      throw .tensor(
        name: place.name, path: path,
        reason: "has importances for \(entry.squareSums.count) channels, and \(linear.name) has "
          + "\(linear.columns); it is of another model")
    }
    return entry
  }

  /// Whether there is an entry for a Linear.
  package func knows(_ linear: LinearShape) -> Bool { positions[linear.name] != nil }

  /// The least number of tokens of an entry, apart from experts; 0 where the file does not count them.
  package var tokenCount: Int {
    guard countsTokens else { return 0 }
    return entries.filter { $0.place.expert == nil }.map(\.entry.tokens).min() ?? 0
  }

  /// A digest of all that is known.
  package var digest: String {
    var digest = SHA256()
    for (place, entry) in entries {
      let expert = place.expert.map { " \($0)" } ?? ""
      let text = Array("\(place.name)\(expert) \(entry.tokens)".utf8)
      // Safety: bytes and floats have no padding.
      unsafe digest.add(text.span.bytes)
      unsafe digest.add(entry.squareSums.span.bytes)
    }
    return digest.finish()
  }
}

extension GGUFFile {
  /// The elements of a tensor of floats.
  fileprivate func floats(_ entry: Entry) throws(CheckpointError) -> [Float] {
    guard entry.type == .float32 else {
      throw .tensor(
        name: entry.name, path: file.path, reason: "is \(entry.type.name); F32 is needed")
    }
    return file.withBytes(entry.range) { FloatFormat.float32.decode($0) }
  }
}
