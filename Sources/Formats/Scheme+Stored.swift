internal import Checkpoint
internal import JSON
internal import Quantizer

extension Scheme {
  /// The number of columns that share an entry in a file of packed codes.
  ///
  /// Those layouts have no single scale for a whole tensor; it is repeated for each row.
  ///
  /// - Precondition: groups fill the rows; runs check that before they plan a file.
  func storedGroupSize(columns: Int) -> Int {
    if case .group(let size) = granularity { size } else { columns }
  }

  /// `group_size` as GPTQ and AWQ state it: -1 stands for whole rows.
  var statedGroupSize: Int { if case .group(let size) = granularity { size } else { -1 } }
}

extension ModelFolder {
  /// The scheme that the folder's configuration states.
  func scheme(
    _ bits: Int, symmetric: Bool, _ granularity: Scheme.Granularity
  ) throws(CheckpointError) -> Scheme {
    try scheme(bits, points: symmetric ? .symmetric : .zeroPoint, granularity)
  }

  /// The same with other points.
  func scheme(
    _ bits: Int, points: Scheme.Points, _ granularity: Scheme.Granularity
  ) throws(CheckpointError) -> Scheme {
    do throws(SchemeError) {
      return try Scheme(bits: bits, points: points, granularity: granularity)
    } catch {
      throw .json(
        path: "\(path)/config.json",
        cause: .wrongKind(
          path: "quantization_config", expected: "2 to 8 bits", found: "\(bits) bits"))
    }
  }
}
