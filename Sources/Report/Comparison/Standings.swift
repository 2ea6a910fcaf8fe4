internal import Solvers
internal import Studies

/// The errors by which candidates are compared, and their ranks among rivals.
///
/// Rivals are candidates of the same scheme: fewer bits always lose to more, so a ranking across
/// schemes would show nothing else.
struct Standings: Sendable {
  /// The error that decides.
  let judge: Judge
  /// The names of the methods, numbered if one occurs twice in a scheme: "gptq", "gptq (2)".
  let names: [String]
  /// Candidates by scheme.
  let schemes: [Group]
  /// Candidates by name, across schemes.
  let methods: [Group]
  /// Linears by the last part of their names: `q_proj`.
  let modules: [Group]
  /// Linears by decoder block; a Linear outside all blocks forms one under its own name.
  let blocks: [Group]
  /// The errors that decide, `[candidate][Linear]`.
  let errors: [[Double]]
  /// Ranks among rivals, from 1, `[candidate][Linear]`; ties share the mean of their places.
  let ranks: [[Double]]

  init(_ report: ComparisonReport) {
    let candidates = report.candidates
    let count = candidates.map(\.linears.count).min() ?? 0
    let linears = candidates.first?.linears.prefix(count) ?? []
    let judge = Judge(candidates)
    let errors = candidates.map { $0.linears.prefix(count).map { judge.error($0.error) } }
    let schemes = Group.by(candidates.map(\.scheme))
    (self.judge, self.errors, self.schemes) = (judge, errors, schemes)
    names = candidates.indices.map { candidate in
      let earlier = candidates[..<candidate].count {
        ($0.method, $0.scheme) == (candidates[candidate].method, candidates[candidate].scheme)
      }
      return candidates[candidate].method + (earlier > 0 ? " (\(earlier + 1))" : "")
    }
    methods = Group.by(names)
    modules = Group.by(linears.map { String($0.name.split(separator: ".").last ?? "") })
    blocks = Group.by(linears.map { linear in linear.layer.map { "\($0)" } ?? linear.name })
    var ranks = errors
    for scheme in schemes {
      for linear in 0..<count {
        let places = Self.places(scheme.members.map { errors[$0][linear] })
        for (candidate, place) in zip(scheme.members, places) { ranks[candidate][linear] = place }
      }
    }
    self.ranks = ranks
  }

  /// The mean of a candidate's errors or ranks over some Linears.
  func mean(of values: [[Double]], _ candidate: Int, over linears: [Int]) -> Double? {
    linears.map { values[candidate][$0] }.mean
  }

  /// The candidates with the lowest value of their scheme, unless all its values are the same.
  func least(of values: [Double?]) -> Set<Int> {
    var best: Set<Int> = []
    for scheme in schemes {
      guard let least = scheme.members.compactMap({ values[$0] }).filter({ !$0.isNaN }).min()
      else { continue }
      let winners = scheme.members.filter { values[$0] == least }
      if winners.count < scheme.members.count { best.formUnion(winners) }
    }
    return best
  }

  /// Places from 1 by ascending value; ties share the mean of their places, and NaN comes last.
  private static func places(_ values: [Double]) -> [Double] {
    let values = values.map { $0.isNaN ? .infinity : $0 }
    return values.map { value in
      let smaller = values.count { $0 < value }
      let equal = values.count { $0 == value }
      return Double(smaller) + Double(equal + 1) / 2
    }
  }
}
