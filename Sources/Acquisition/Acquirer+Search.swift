import FixedStorage

/// The line through the rates of all segments with the most power so far.
struct LineScore {
  var power: Int32 = -1
  /// Rate at the last segment, and how far it has grown since the first.
  var rate = 0
  var growth = 0
}

extension Acquirer {
  /// Clicks that a slice of the offset search looks at, each for 64 offsets; at most, unless one word has more.
  static var clicksPerSlice: Int { 8192 }

  /// Does one slice: a slope of the line search, the clicks of a segment, some words of offsets, or a segment of a
  /// confirmation.
  public mutating func work(in pattern: borrowing SyncPattern) -> Outcome {
    switch stage {
    case .idle: return .waiting
    case .collecting:
      guard isConfirming, segmentCount > 0 else { return .waiting }
      return confirmSegment(in: pattern)
    case .lines(let slope):
      scoreLines(slope)
      stage = slope < slopesMax ? .lines(slope: slope + 1) : .phases(segment: searched - 1)
      return .working
    case .phases(let segment):
      sumPhases(of: segment)
      stage = segment > 0 ? .phases(segment: segment - 1) : .places(segment: searched - 1)
      if segment == 0 { refineRate() }
      return .working
    case .places(let segment):
      placeClicks(of: segment)
      if segment > 0 {
        stage = .places(segment: segment - 1)
      } else {
        peak = SyncPeak()
        stage = .offsets(word: -window.offsetWords)
      }
      return .working
    case .offsets(let word):
      let end = min(window.offsetWords, word + max(1, Self.clicksPerSlice / max(1, positions)))
      for next in word..<end { searchOffsets(next, in: pattern) }
      guard end == window.offsetWords else {
        stage = .offsets(word: end)
        return .working
      }
      return judge(in: pattern)
    }
  }

  mutating func beginSearch() {
    guard segmentCount > 0 else { return }
    searched = segmentCount
    line = LineScore()
    positions = 0
    lightClicks = 0
    stage = .lines(slope: -slopesMax)
  }

  /// Half frames from the middle of the first searched segment to that of the last.
  private var span: Int { segments[searched - 1].middle - segments[0].middle }
  private var slopesMax: Int { window.growth * span / 512 }

  /// Sums the powers along every line of one slope.
  private mutating func scoreLines(_ slope: Int) {
    let last = segments[searched - 1].middle
    var starts: [10 of Int] = .init(repeating: 0)
    var shifts: [10 of Int] = .init(repeating: 0)
    for k in 0..<searched {
      shifts[k] = span == 0 ? 0 : -roundedQuotient(slope * (last - segments[k].middle), span)
      starts[k] = segments[k].row * RateSearch.cellsMax + RateSearch.halfWidthMax + shifts[k]
    }
    for rate in -window.rates...window.rates {
      var power: Int32 = 0
      for k in 0..<searched where (rate + shifts[k]).magnitude <= UInt(window.rates) {
        power &+= Int32(memory.powers[starts[k] + rate])
      }
      if power > line.power { line = LineScore(power: power, rate: rate, growth: slope) }
    }
  }

  /// The direction of a segment's light at its middle, along the line.
  private mutating func sumPhases(of index: Int) {
    let segment = segments[index]
    let back = segments[searched - 1].middle - segment.middle
    let unit = Int64(1) << 25
    var path = SegmentPath()
    path.perFrame = Int64(line.rate) * unit
    if span > 0 { path.perFrame -= Int64(line.growth) * unit * Int64(back) / Int64(span) }
    path.rate = roundedQuotient(Int(path.perFrame), Int(unit))
    paths[index] = path
    vectors[index] = vector(of: segment, perFrame: path.perFrame)
    lightClicks += light(of: segment, rate: path.rate)
  }

  /// Half frames and advance of the light from the middle of a segment to that of the next, along the line.
  private func step(from index: Int) -> (half: Int64, advance: Int64) {
    let half = Int64(segments[index + 1].middle - segments[index].middle)
    return (half, (paths[index].perFrame + paths[index + 1].perFrame) * half / 4)
  }

  /// The line is known to half a step of the search. How much the light turns beyond it from one segment to the next
  /// tells the rest: the phase of the sum of products of neighbours (the pulse-pair estimator of a frequency; Miller
  /// and Rochwarger, IEEE Trans. Inf. Theory 18, 588, 1972).
  private mutating func refineRate() {
    guard searched > 1 else { return }
    var product = Vector()
    for k in 0..<(searched - 1) {
      let advance = UInt32(truncatingIfNeeded: step(from: k).advance)
      let later = Vector().plus(vectors[k + 1], turnedBackBy: advance)
      product.x += (later.x * vectors[k].x + later.y * vectors[k].y) >> 8
      product.y += (later.y * vectors[k].x - later.x * vectors[k].y) >> 8
    }
    let excess = Int64(Int32(bitPattern: product.turn))
    let frames = Int64(max(1, span / (searched - 1)))
    for k in 0..<searched { paths[k].perFrame += 2 * excess / frames }
  }

  /// Segments on each side that help to tell the phase: the dimmer the light, the more.
  private var neighbours: Int {
    let mean = Int(line.power) / (16 * searched)
    return mean >= 16 ? 0 : mean >= 8 ? 1 : 2
  }

  /// Where the pulses lie in one segment, next to where the following segment says; then the slots of its clicks.
  private mutating func placeClicks(of index: Int) {
    var sum = vectors[index]
    var (ahead, behind) = (Int64(0), Int64(0))
    for distance in 1..<(neighbours + 1) {
      if index + distance < searched {
        ahead += step(from: index + distance - 1).advance
        sum = sum.plus(vectors[index + distance], turnedBackBy: UInt32(truncatingIfNeeded: ahead))
      }
      if index >= distance {
        behind += step(from: index - distance).advance
        sum = sum.plus(vectors[index - distance], turnedBackBy: UInt32(truncatingIfNeeded: -behind))
      }
    }
    if index == searched - 1 {
      paths[index].middle = Int64(sum.turn)
    } else {
      paths[index].middle = unwrapped(sum.turn, near: paths[index + 1].middle - step(from: index).advance)
    }
    collect(segments[index], paths[index])
  }

  /// The clicks of light in a segment, sqrt(power clicks).
  func light(of segment: Segment, rate: Int) -> UInt64 {
    squareRoot(UInt64(power(of: segment, rate: rate)) * UInt64(segment.clicks)) / 4
  }

  /// The power of a segment, in sixteenths; none outside of the window.
  func power(of segment: Segment, rate: Int) -> UInt16 {
    guard rate.magnitude <= UInt(window.rates) else { return 0 }
    return memory.powers[segment.row * RateSearch.cellsMax + RateSearch.halfWidthMax + rate]
  }

  /// The sum of a segment's clicks at its middle, for any rate.
  func vector(of segment: Segment, perFrame: Int64) -> Vector {
    var sum = Vector()
    let middle = Int64(segment.frames) << 24
    for i in segment.firstClick..<segment.endClick {
      let time = 2 &* sixteenths(of: i, in: segment) &+ 1
      let run = (perFrame &* ((time &- middle) &>> 5)) &>> 20
      sum.add(UInt32(truncatingIfNeeded: time &<< 27 &- run))
    }
    return sum
  }

  /// Sixteenths of a slot from the start of the segment to a click.
  @inline(__always)
  func sixteenths(of click: Int, in segment: Segment) -> Int64 {
    let low = Int64(StoredClick(word: memory.clicks[click]).sixteenths)
    return click < segment.middleClick ? low : low &+ 1 &<< 29
  }

  private mutating func collect(_ segment: Segment, _ path: SegmentPath) {
    for i in segment.firstClick..<segment.endClick where positions < SearchMemory.positionsMax {
      let time = sixteenths(of: i, in: segment)
      guard let slot = path.slot(ofClickAt: time, in: segment) else { continue }
      memory.positions[positions] = UInt32(truncatingIfNeeded: slot & (SyncPattern.periodSlots - 1))
      positions += 1
    }
  }

  private mutating func searchOffsets(_ word: Int, in pattern: borrowing SyncPattern) {
    let best = OffsetSearch.best(
      of: memory.positions.span.extracting(first: positions), from: 64 * word, in: pattern)
    guard best.lit > Int(peak.lit) else { return }
    peak.lit = Int32(best.lit)
    peak.offset = Int32(best.offset)
  }

  private mutating func judge(in pattern: borrowing SyncPattern) -> Outcome {
    stage = .collecting
    looks += 1
    peak.clicks = Int32(positions)
    if positions > 0 {
      peak.bits = Significance.bits(
        lit: Int(peak.lit), of: positions, share: share(in: pattern, light: lightClicks, of: positions))
    }
    peak.threshold = Significance.threshold(cells: window.offsetsCount, looks: Self.looksMax)
    guard peak.isSignificant else {
      if looks >= Self.looksMax { return .exhausted }
      // What came meanwhile is looked at now.
      if segmentCount > searched { beginSearch() }
      return .missed(peak)
    }
    beginConfirmation()
    return .found(peak)
  }

  /// The chance of 65 536 that a click falls on a lit slot at a wrong offset.
  ///
  /// For noise it is the share of lit slots. Light falls on lit slots of its own place; the pattern agrees with itself
  /// at another place by at most 360 of 65 536 more (`SyncPatternTests`), and a bright link with its clock beyond the
  /// window must not be taken for a match.
  func share(in pattern: borrowing SyncPattern, light: UInt64, of clicks: Int) -> UInt64 {
    let lit = UInt64(pattern.litSlots) / 4
    return lit + 360 * min(light, UInt64(clicks)) / UInt64(max(1, clicks))
  }
}

/// The quotient rounded to the nearest whole number; the divisor is positive.
func roundedQuotient(_ dividend: Int, _ divisor: Int) -> Int {
  let doubled = 2 * dividend + divisor
  let quotient = doubled / (2 * divisor)
  return doubled < 0 && quotient * 2 * divisor != doubled ? quotient - 1 : quotient
}
