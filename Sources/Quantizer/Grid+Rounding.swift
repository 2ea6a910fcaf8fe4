package import LinearAlgebra

extension Grid {
  /// The errors `ŵ − w` of rounding every weight to the nearest point of the grid, `[rows, columns]`.
  ///
  /// For choosing among many grids: no codes are made.
  ///
  /// - Precondition: the grid fits the shape of the weights.
  package func roundingErrors(of weights: Matrix) -> Matrix {
    switch scheme.points {
    case .symmetric, .zeroPoint: errors(of: weights, ZeroPointKernel(largestCode: largestCode))
    case .offset: errors(of: weights, OffsetKernel(largestCode: largestCode))
    case .table(let table): errors(of: weights, TableKernel(table))
    }
  }

  /// The code of the point nearest to each weight, row by row.
  ///
  /// - Precondition: the grid fits the shape of the weights.
  func nearestCodes(of weights: Matrix) -> [UInt8] {
    switch scheme.points {
    case .symmetric, .zeroPoint: codes(of: weights, ZeroPointKernel(largestCode: largestCode))
    case .offset: codes(of: weights, OffsetKernel(largestCode: largestCode))
    case .table(let table): codes(of: weights, TableKernel(table))
    }
  }

  private var largestCode: Int { scheme.largestCode }

  private func checkShape(of weights: Matrix) {
    precondition(
      scales.rows == weights.rows && holdsConsecutive(weights.columns) && columnGroups == nil,
      "a grid of \(scales.rows) rows and \(groups) groups of \(groupSize) for weights "
        + "\(weights.rows) x \(weights.columns)")
  }

  private func errors(of weights: Matrix, _ kernel: some RoundingKernel) -> Matrix {
    checkShape(of: weights)
    var errors = Matrix(rows: weights.rows, columns: weights.columns)
    errors.parallelRowBlocks(of: 64) { range, block in
      for row in range {
        let source = weights.row(row)
        var target = block.mutableRow(row - range.lowerBound)
        for group in 0..<groups {
          let kernel = kernel.at(scales[row, group], offsets[row, group])
          let columns = columns(ofGroup: group, width: weights.columns)
          let end = columns.upperBound
          var j = columns.lowerBound
          while j + 16 <= end {
            let w = source.lanes(at: j)
            target.setLanes(at: j, kernel.value(of: kernel.code(of: w)) - w)
            j += 16
          }
          while j < end {
            let w = Lanes(repeating: source[j])
            target[j] = (kernel.value(of: kernel.code(of: w)) - w)[0]
            j += 1
          }
        }
      }
    }
    return errors
  }

  private func codes(of weights: Matrix, _ kernel: some RoundingKernel) -> [UInt8] {
    checkShape(of: weights)
    return Threads.map(weights.rows) { row in
      let source = weights.row(row)
      var codes = [UInt8]()
      codes.reserveCapacity(source.count)
      for group in 0..<groups {
        let kernel = kernel.at(scales[row, group], offsets[row, group])
        let columns = columns(ofGroup: group, width: weights.columns)
        let end = columns.upperBound
        var j = columns.lowerBound
        while j + 16 <= end {
          let lanes = kernel.code(of: source.lanes(at: j))
          for lane in 0..<16 { codes.append(UInt8(lanes[lane])) }
          j += 16
        }
        while j < end {
          codes.append(UInt8(kernel.code(of: Lanes(repeating: source[j]))[0]))
          j += 1
        }
      }
      return codes
    }.flatMap(\.self)
  }
}
