internal import CProbe
import Dispatch
import Synchronization

/// The only place where computations become parallel.
///
/// BLAS always runs on the calling thread. OpenBLAS's own pool serializes concurrent callers, its
/// threads spin between calls, and its results depend on their number. Here, work is split into parts
/// that do not depend on the number of threads, so the results do not either.
public enum Threads {
  private static let limit = Mutex(availableProcessors)

  /// The number of processors on which the scheduler lets this process run.
  ///
  /// In a container this can be fewer than the machine has.
  public static let availableProcessors = Int(ptq_processor_count())

  /// The number of threads that computations may use.
  public static var count: Int { limit.withLock { $0 } }

  /// Sets the number of threads for the parallel loops.
  ///
  /// - Precondition: `count` is at least 1. Call it between computations.
  public static func setCount(_ count: Int) {
    precondition(count >= 1, "\(count) threads")
    limit.withLock { $0 = count }
  }

  /// Runs `body(0)` to `body(iterations − 1)`, in any order and in parallel.
  ///
  /// A call from inside of another one runs its iterations one after another. Calls from different threads, as from
  /// the one that computes and the one that writes results, share the processors.
  public static func perform(_ iterations: Int, _ body: @Sendable (Int) -> Void) {
    let threads = min(count, iterations)
    guard threads > 1, !ptq_is_in_parallel_loop() else {
      for i in 0..<iterations { body(i) }
      return
    }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      ptq_set_in_parallel_loop(true)
      defer { ptq_set_in_parallel_loop(false) }
      while true {
        let i = next.add(1, ordering: .relaxed).oldValue
        guard i < iterations else { return }
        body(i)
      }
    }
  }

  /// The values of `body(0)` to `body(iterations − 1)`, computed in parallel, in order.
  public static func map<Value: Sendable>(
    _ iterations: Int, _ body: @Sendable (Int) -> Value
  ) -> [Value] {
    let results = Mutex([Value?](repeating: nil, count: iterations))
    perform(iterations) { i in
      let value = body(i)
      results.withLock { $0[i] = value }
    }
    return results.withLock { $0.compactMap(\.self) }
  }
}
