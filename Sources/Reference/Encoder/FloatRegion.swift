import Glibc

/// The encoder's parameters, gradients, moments and activations.
typealias FloatRegion = MemoryRegion<Float>

/// A region of zeroed numbers straight from the system, page-aligned.
///
/// Pages that are never touched take no memory: the moments of embedding rows that do not occur
/// cost nothing.
final class MemoryRegion<Element: BitwiseCopyable>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Element>
  let count: Int
  private let byteCount: Int

  /// `count` zeros. `largePages` asks for 2 MB pages, which products over much memory profit from.
  init(count: Int, largePages: Bool) {
    self.count = count
    byteCount = max(4096, count * MemoryLayout<Element>.stride)
    let memory = mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let memory, memory != MAP_FAILED else {
      preconditionFailure("the system gives no \(byteCount) bytes of address space")
    }
    if largePages { madvise(memory, byteCount, 14 /* MADV_HUGEPAGE */) }
    base = memory.bindMemory(
      to: Element.self, capacity: byteCount / MemoryLayout<Element>.stride)
  }

  deinit { munmap(base, byteCount) }

  /// The numbers `range`, checked.
  subscript(range: Range<Int>) -> UnsafeMutableBufferPointer<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range inside the region")
    return UnsafeMutableBufferPointer(start: base + range.lowerBound, count: range.count)
  }
}
