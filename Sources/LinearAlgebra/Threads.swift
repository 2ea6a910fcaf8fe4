internal import CProbe
import Dispatch
import Synchronization

/// The one owner of parallelism in the process.
///
/// BLAS runs on the thread that calls it, always: OpenBLAS serialises concurrent callers of its own
/// pool, whose threads spin between calls, and its results change with their number. Here the work
/// is cut in parts that do not depend on the number of threads, so neither do the results.
public enum Threads {
  private static let limit = Mutex(availableProcessors)
  private static let isParallel = Atomic(false)

  /// The number of processors that the scheduler lets this process run on (a container's set of processors cuts it).
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
  /// A call from inside a body runs its iterations one after another.
  public static func perform(_ iterations: Int, _ body: @Sendable (Int) -> Void) {
    let threads = min(count, iterations)
    let isOutermost = !isParallel.exchange(true, ordering: .acquiringAndReleasing)
    guard isOutermost, threads > 1 else {
      if isOutermost { isParallel.store(false, ordering: .releasing) }
      for i in 0..<iterations { body(i) }
      return
    }
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let i = next.add(1, ordering: .relaxed).oldValue
        guard i < iterations else { return }
        body(i)
      }
    }
    isParallel.store(false, ordering: .releasing)
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
