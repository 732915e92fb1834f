import Health
import HostStorage
import Testing
import Units

private let now = Instant(ns: 5)

@Test func names_areNumberedWithoutGapsAndAllDiffer() {
  var names: Set<String> = []
  for number in 0..<AlarmName.count { names.insert("\(AlarmName.numbered(number).name)") }
  #expect(names.count == AlarmName.count && AlarmName(rawValue: UInt8(AlarmName.count)) == nil)
}

/// HEALTH-001, HEALTH-002 against a second book kept in sets.
@Test(arguments: 0..<UInt64(50)) func book_onRandomEvents_isThatOfSets(seed: UInt64) {
  var random = SeededRandom(seed: seed)
  var book = AlarmBook()
  var active: Set<AlarmName> = []
  var latched: Set<AlarmName> = []
  for _ in 0..<400 {
    let name = AlarmName.numbered(Int.random(in: 0..<AlarmName.count, using: &random))
    switch Int.random(in: 0..<3, using: &random) {
    case 0:
      let isNews = book.set(name, true, at: now)
      #expect(isNews == active.insert(name).inserted)
      latched.insert(name)
    case 1:
      let isNews = book.set(name, false, at: now)
      #expect(isNews == (active.remove(name) != nil))
    default:
      let isCleared = book.clear(name)
      #expect(isCleared == !active.contains(name))
      if isCleared { latched.remove(name) }
    }
    for number in 0..<AlarmName.count {
      let name = AlarmName.numbered(number)
      #expect(book.isActive(name) == active.contains(name) && book.isLatched(name) == latched.contains(name))
    }
  }
}

@Test func book_countsHowOftenAndRemembersWhen() {
  var book = AlarmBook()
  for ns in [UInt64(10), 20, 30] {
    let isNew = book.set(.linkDown, true, at: Instant(ns: ns))
    let isAgain = book.set(.linkDown, true, at: Instant(ns: ns + 1))
    let isOver = book.set(.linkDown, false, at: Instant(ns: ns + 2))
    #expect(isNew && !isAgain && isOver)
  }
  #expect(book.count(.linkDown) == 3 && book.began(.linkDown) == Instant(ns: 30))
  #expect(book.count(.fault) == 0)
}
