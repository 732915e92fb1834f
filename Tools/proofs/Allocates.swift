// Allocates: the allocator proof has to see it.
final class Counter {
  var count = 0
}

@inline(never) func make() -> Counter { Counter() }

@main struct Main {
  static func main() {
    let counter = make()
    counter.count += 1
    print(counter.count == 1 ? "one" : "none")
  }
}
