internal import Checkpoint
internal import LinearAlgebra
internal import Quantizer

// A matrix as blocks: rows one behind the other, and each row the blocks of its columns.

/// The blocks of a type.
struct GGUFBlocks {
  private let type: GGUFType
  private let layout: GGUFLayout
  private let scheme: Scheme
  /// The number of columns of a group.
  private let groupSize: Int
  /// The code of a block for each of ours, where they differ: those of Q8_0 are signed, those of MXFP4 floats.
  private let stored: [UInt8]?
  /// The other way round.
  private let read: [UInt8]?
  /// Where each plane has each element of a block.
  private let places: [[(byte: Int, shift: Int)]]

  /// The blocks of a type; nil for floats.
  init?(_ type: GGUFType) {
    guard let layout = GGUFLayout.of(type), let scheme = type.scheme else { return nil }
    (self.type, self.layout, self.scheme) = (type, layout, scheme)
    groupSize = scheme.storedGroupSize(columns: 0)
    switch type {
    case .q80:
      stored = (0...255).map { $0 ^ 0x80 }
      read = stored
    case .mxfp4:
      stored = (0..<15).map(E2M1.code)
      read = (0..<16).map(E2M1.level)
    default: (stored, read) = (nil, nil)
    }
    places = layout.planes.map { plane in (0..<type.blockLength).map(plane.place) }
  }

  private var groups: Int { type.blockLength / groupSize }

  /// The blocks of a quantized matrix.
  ///
  /// - Precondition: its scheme is that of the type, and its grid one that the type can store.
  func packed(_ weight: QuantizedWeight) -> [UInt8] {
    let blocks = weight.columns / type.blockLength
    return Threads.map(weight.rows) { row in
      var bytes = [UInt8](repeating: 0, count: blocks * type.blockByteCount)
      for block in 0..<blocks { pack(weight, row, block, into: &bytes) }
      return bytes
    }.flatMap(\.self)
  }

  private func pack(_ weight: QuantizedWeight, _ row: Int, _ block: Int, into bytes: inout [UInt8])
  {
    let start = block * type.blockByteCount
    let first = row * weight.columns + block * type.blockLength
    for (plane, places) in zip(layout.planes, places) {
      let mask = plane.mask
      for (i, (byte, shift)) in places.enumerated() {
        let code = weight.codes[first + i]
        let field = (stored?[Int(code)] ?? code) >> plane.lowest & mask
        bytes[start + plane.start + byte] |= field << shift
      }
    }
    for trits in layout.trits {
      trits.pack({ weight.codes[first + $0] }, at: start, into: &bytes)
    }
    let entries = block * groups..<(block + 1) * groups
    let found = entries.map {
      GridEntry(scale: weight.grid.scales[row, $0], offset: weight.grid.offsets[row, $0])
    }
    guard layout.multipliers != .none else {
      if layout.scaleIsExponent {
        bytes[start + layout.scale] = UInt8(clamping: Int(found[0].scale.exponent) + 127)
      } else {
        set(found[0].scale, at: start + layout.scale, in: &bytes)
      }
      if let offset = layout.offset { set(found[0].offset, at: start + offset, in: &bytes) }
      return
    }
    let shared = SuperBlockEntries(nearestTo: found, scheme)
    set(shared.scales.factor, at: start + layout.scale, in: &bytes)
    if let offset = layout.offset, let offsets = shared.offsets {
      set(offsets.factor, at: start + offset, in: &bytes)
    }
    let integers = layout.multipliers.bytes(
      scales: shared.scales.multiples, offsets: shared.offsets?.multiples ?? [])
    for (i, byte) in integers.enumerated() { bytes[start + layout.multiplierStart + i] = byte }
  }

  private func set(_ value: Float, at position: Int, in bytes: inout [UInt8]) {
    let bits = Float16(value).bitPattern
    bytes[position] = UInt8(truncatingIfNeeded: bits)
    bytes[position + 1] = UInt8(truncatingIfNeeded: bits >> 8)
  }

  /// The matrix that blocks stand for.
  ///
  /// - Precondition: the number of bytes is that of whole rows.
  func unpacked(_ bytes: [UInt8], rows: Int, columns: Int) -> QuantizedWeight {
    let blocks = columns / type.blockLength
    let rowBytes = blocks * type.blockByteCount
    precondition(bytes.count == rows * rowBytes, "\(bytes.count) bytes for \(rows) rows")
    let unpacked = Threads.map(rows) { row in
      var parts = Row(columns: columns, groups: blocks * groups)
      for block in 0..<blocks {
        unpack(bytes, at: row * rowBytes + block * type.blockByteCount, block, into: &parts)
      }
      return parts
    }
    let grid = Grid(
      scheme: scheme, groupSize: groupSize,
      scales: Matrix(
        rows: rows, columns: blocks * groups, elements: unpacked.flatMap(\.scales)),
      offsets: Matrix(
        rows: rows, columns: blocks * groups, elements: unpacked.flatMap(\.offsets)))
    return QuantizedWeight(
      rows: rows, columns: columns, grid: grid, codes: unpacked.flatMap(\.codes))
  }

  /// What a row of blocks holds.
  private struct Row: Sendable {
    var codes: [UInt8]
    var scales: [Float]
    var offsets: [Float]

    init(columns: Int, groups: Int) {
      codes = [UInt8](repeating: 0, count: columns)
      scales = [Float](repeating: 0, count: groups)
      offsets = scales
    }
  }

  private func unpack(_ bytes: [UInt8], at start: Int, _ block: Int, into row: inout Row) {
    let column = block * type.blockLength
    for (plane, places) in zip(layout.planes, places) {
      let mask = plane.mask
      for (i, (byte, shift)) in places.enumerated() {
        row.codes[column + i] |= (bytes[start + plane.start + byte] >> shift & mask) << plane.lowest
      }
    }
    for trits in layout.trits {
      trits.unpack(bytes, at: start) { row.codes[column + $0] = $1 }
    }
    if let read {
      for i in column..<column + type.blockLength { row.codes[i] = read[Int(row.codes[i])] }
    }
    let middle = scheme.isSymmetric ? Float(scheme.middleCode) : 0
    let scale =
      layout.scaleIsExponent
      ? Float(sign: .plus, exponent: Int(bytes[start + layout.scale]) - 127, significand: 1)
      : half(bytes, at: start + layout.scale)
    let offset = layout.offset.map { half(bytes, at: start + $0) } ?? middle
    let first = block * groups
    guard layout.multipliers != .none else {
      (row.scales[first], row.offsets[first]) = (scale, offset)
      return
    }
    let position = start + layout.multiplierStart
    let integers = layout.multipliers.integers(
      in: Array(bytes[position..<position + layout.multipliers.byteCount]))
    for (i, multiple) in integers.scales.enumerated() {
      row.scales[first + i] = scale * Float(multiple)
      row.offsets[first + i] =
        integers.offsets.isEmpty ? middle : -(offset * Float(integers.offsets[i]))
    }
  }

  private func half(_ bytes: [UInt8], at position: Int) -> Float {
    let bits = UInt16(bytes[position]) | UInt16(bytes[position + 1]) << 8
    return Float(Float16(bitPattern: bits))
  }
}
