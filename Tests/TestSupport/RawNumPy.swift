package import LinearAlgebra

/// The bytes of `.npy` files.
package enum RawNumPy {
  /// A file of 32-bit floats, version 1.0, with the axes given, or those of the matrix.
  package static func file(_ matrix: Matrix, axes: [Int]? = nil) -> [UInt8] {
    let shape = (axes ?? [matrix.rows, matrix.columns]).map { "\($0)," }.joined(separator: " ")
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(shape)), }"
    let padding = String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
    let text = Array((header + padding).utf8)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count % 256), UInt8(text.count / 256)]
      + text + RawSafetensors.bytes(matrix.elements)
  }
}
