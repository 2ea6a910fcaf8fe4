// The parts of a plot. Lengths are in pixels of a phone's screen: 360 x 250.

extension Plot {
  static let viewBox = "0 0 360 250"
  private static let frame = (left: 48.0, right: 350.0, top: 24.0, bottom: 212.0)

  @MarkupBuilder var grid: Markup {
    let frame = Self.frame
    for tick in y.ticks {
      if let height = height(tick) {
        rule(from: (frame.left, height), to: (frame.right, height))
        label(Numbers.short(tick), at: (frame.left - 5, height + 3.5), "end")
      }
    }
    for tick in x.ticks {
      if let side = side(tick) {
        rule(from: (side, frame.bottom), to: (side, frame.bottom + 4))
        label(Numbers.short(tick), at: (side, frame.bottom + 16), "middle")
      }
    }
    rule(from: (frame.left, frame.bottom), to: (frame.right, frame.bottom))
    label(yLabel, at: (2, 12), "start")
    label(xLabel, at: ((frame.left + frame.right) / 2, frame.bottom + 33), "middle")
  }

  func draw(_ line: Line) -> Markup {
    let points = places(line.points)
    // Markers on all points would hide a long line; about six, at different points for each line.
    let stride = max(1, points.count / 6)
    let offset = (2 * line.style.method + line.style.scheme) % stride
    let marked = points.indices.filter { $0 % stride == offset }.map { points[$0] }
    return tag("g", ["class": line.style.colour]) {
      tag("title") { line.name }
      tag(
        "polyline",
        ["points": path(points), "class": "line", "stroke-dasharray": line.style.dash])
      tag("path", ["d": line.style.markers(at: marked), "class": "marker"])
    }
  }

  func draw(_ band: Band) -> Markup {
    tag("g", ["class": band.style.colour]) {
      tag(
        "polygon",
        ["points": path(places(band.lower) + places(band.upper).reversed()), "class": "band"])
    }
  }

  @MarkupBuilder func draw(_ level: Level) -> Markup {
    if let height = height(level.value) {
      tag("g", ["class": "level"]) {
        rule(from: (Self.frame.left, height), to: (Self.frame.right, height))
        label(level.name, at: (Self.frame.left + 4, height - 4), "start")
      }
    }
  }

  /// The pixels of those points that both axes can show.
  private func places(_ points: [Point]) -> [Point] {
    points.compactMap { point in
      side(point.x).flatMap { x in height(point.y).map { (x, $0) } }
    }
  }

  private func side(_ value: Double) -> Double? {
    x.share(value).map { Self.frame.left + $0 * (Self.frame.right - Self.frame.left) }
  }

  private func height(_ value: Double) -> Double? {
    y.share(value).map { Self.frame.bottom - $0 * (Self.frame.bottom - Self.frame.top) }
  }

  private func path(_ points: [Point]) -> String {
    points.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
  }

  private func rule(from start: Point, to end: Point) -> Markup {
    tag(
      "line",
      [
        "x1": coordinate(start.x), "y1": coordinate(start.y), "x2": coordinate(end.x),
        "y2": coordinate(end.y),
      ])
  }

  private func label(_ words: String, at place: Point, _ anchor: String) -> Markup {
    tag(
      "text", ["x": coordinate(place.x), "y": coordinate(place.y), "text-anchor": anchor]
    ) { words }
  }
}
