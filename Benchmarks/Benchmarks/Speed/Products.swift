import Benchmark
import PTQ

/// Products of the forward pass, by their tokens, outputs and inputs.
func measureProducts() {
  for (rows, outputs, inputs) in [(2048, 1536, 576), (2048, 576, 1536), (2048, 4096, 4096)] {
    measure(
      "product \(rows) x \(outputs) x \(inputs)", flops: 2 * Double(rows * outputs * inputs),
      on: { (Matrix.noise(rows, inputs, seed: 1), Matrix.noise(outputs, inputs, seed: 2)) },
      isRight: { x, w in
        Matrix.product(x, transposed: w).isProduct(within: 1e-4, of: inputs) {
          (x[$0, $2], w[$1, $2])
        }
      },
      { x, w in blackHole(Matrix.product(x, transposed: w)) })
  }
}
