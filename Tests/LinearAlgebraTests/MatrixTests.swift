import LinearAlgebra
import TestSupport
import Testing

@Suite struct `A matrix` {
  private let matrix = Matrix(rows: 5, columns: 7) { Float(10 * $0 + $1) }

  @Test func `has its elements row by row`() {
    #expect(matrix.elements[2 * 7 + 3] == 23)
    #expect(matrix[4, 6] == 46)
    for i in 0..<5 {
      let row = matrix.row(i)
      #expect(row.count == 7)
      for j in 0..<7 { #expect(row[j] == Float(10 * i + j)) }
    }
  }

  @Test func `is copied when it is assigned`() {
    var copy = matrix
    copy[1, 1] = -1
    var row = copy.mutableRow(3)
    row[2] = -2
    #expect(matrix[1, 1] == 11 && matrix[3, 2] == 32)
    #expect(copy[1, 1] == -1 && copy[3, 2] == -2)
    #expect(copy != matrix)
  }

  @Test func `has a transpose with rows and columns exchanged`() {
    #expect(matrix.transposed == Matrix(rows: 7, columns: 5) { Float(10 * $1 + $0) })
    #expect(matrix.transposed.transposed == matrix)
  }

  @Test func `has rows that can be copied`() {
    #expect(matrix.copy(rows: 1..<4) == Matrix(rows: 3, columns: 7) { Float(10 * $0 + 10 + $1) })
    #expect(matrix.copy(rows: 2..<2).rows == 0)
  }

  @Test func `is written in the right place through a view of a view`() {
    var copy = matrix
    var outer = copy.mutableView(rows: 1..<5, columns: 2..<7)
    var inner = outer.mutableView(rows: 1..<3, columns: 1..<4)
    for i in 0..<2 {
      var row = inner.mutableRow(i)
      #expect(row.count == 3)
      for j in row.indices { row[j] = -1 }
    }
    let expected = Matrix(rows: 5, columns: 7) {
      (2..<4).contains($0) && (3..<6).contains($1) ? -1 : Float(10 * $0 + $1)
    }
    #expect(copy == expected)
  }

  @Test func `has rectangles with their own first and last elements`() {
    let identity = Matrix(rows: 7, columns: 7) { $0 == $1 ? 1 : 0 }
    let corner = matrix.view(rows: 3..<5, columns: 5..<7)
    #expect(corner.rows == 2 && corner.columns == 2)
    let copy = BLAS.product(corner, identity.view(rows: 0..<2, columns: 0..<2))
    #expect(copy.elements == [35, 36, 45, 46])
  }
}
