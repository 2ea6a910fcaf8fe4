import LinearAlgebra
import TestSupport
import Testing

/// Shapes that do not match are programming errors, which stop the program before memory is touched.
@Suite struct `Misuse of matrices` {
  @Test func `stops at a number of elements other than that of the shape`() async {
    await #expect(processExitsWith: .failure) {
      _ = Matrix(rows: 2, columns: 3, elements: [1, 2, 3, 4, 5])
    }
  }

  @Test func `stops at a column or a rectangle outside of the matrix`() async {
    await #expect(processExitsWith: .failure) {
      let matrix = Matrix(rows: 2, columns: 3)
      print(matrix[0, 3])
    }
    await #expect(processExitsWith: .failure) {
      let matrix = Matrix(rows: 2, columns: 3)
      print(matrix.view(rows: 0..<3, columns: 0..<1).rows)
    }
  }

  @Test func `stops at products of shapes that do not match`() async {
    await #expect(processExitsWith: .failure) {
      let (a, b) = (Matrix(rows: 2, columns: 3), Matrix(rows: 4, columns: 2))
      print(BLAS.product(a.view, b.view))
    }
    await #expect(processExitsWith: .failure) {
      var moment = Matrix(rows: 3, columns: 4)
      moment.addSecondMoment(of: Matrix(rows: 5, columns: 3))
    }
  }
}
