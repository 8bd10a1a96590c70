import Hummingbird

/// Routes that say that the server runs.
enum Health {
  static func add(to router: Router<BasicRequestContext>) {
    router.get("healthz") { _, _ in "ok\n" }
  }
}
