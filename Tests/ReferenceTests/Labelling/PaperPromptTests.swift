import Foundation
import Reference
import TestSupport
import Testing

@Suite("The paper's prompts")
struct PaperPromptTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  /// A made-up file of the form of the authors'.
  static let source = #"""
    def as_user_plain(essay: str) -> Dict:
        content = f"Text: ```{essay}\n```\
            One score {{1}}.\
            No more."
        return {"role": "user", "content": content}

    def as_user_scale_aware(essay: str) -> Dict:
        content = f'''Text "{essay}"
    	six'''
        return {"role": "user", "content": content}

    def completion_scale_aware(question, is_openai: bool = False) -> str:
        system = as_system(
            "Six \"scores\".\
              Please.",
            is_openai=is_openai
        )

    def completion_plain(question) -> str:
        system = as_system(
            "One."
        )
    """#

  @Test("Line continuations keep the blanks after them, and escapes and fields are Python's")
  func made() throws {
    let file = try folder.write(Self.source, to: "made.py")
    let plain = try PaperPrompt.plain.prompt(from: file)
    #expect(plain.system == "One.")
    #expect(
      plain.userText(for: "a ``` {essay}")
        == "Text: ```a ``` {essay}\n```        One score {1}.        No more.")
    #expect(plain.name == "paper-plain" && plain.items == ["empathy"])
    let six = try PaperPrompt.scaleAware.prompt(from: file)
    #expect(six.system == "Six \"scores\".          Please.")
    #expect(six.userText(for: "x") == "Text \"x\"\n\tsix")
    #expect(PaperPrompt.scaleAware.role(at: "api.openai.com") == .developer)
    #expect(PaperPrompt.scaleAware.role(at: "api.groq.com") == .system)
    #expect(PaperPrompt.plain.role(at: "api.openai.com") == .system)
  }

  @Test(
    "What the reader does not know is refused with its place",
    arguments: [
      ("\"One.\"\n", "\"One.\" \"Two.\"\n", ":21:16"), ("\"One.\"", "r\"One.\"", ":21:9"),
      ("One.", "\\x41", ":21:11"), ("\"One.\"", "\"One.", ":21:14"),
      ("as_system(\n        \"One", "as_system(one, \"One", ":20:24"),
      ("{essay}\\n", "{essay!r}\\n", ":2:32"),
      ("def completion_plain", "def other", ":1:1"),
    ])
  func refused(_ old: String, _ new: String, _ place: String) throws {
    let text = Self.source.replacingOccurrences(of: old, with: new)
    #expect(text != Self.source)
    let file = try folder.write(text, to: "made.py")
    let error = #expect(throws: ReferenceError.self) { try PaperPrompt.plain.prompt(from: file) }
    #expect(error?.description.contains("made.py\(place):") == true, "\(error?.description ?? "")")
  }

  static let essays = [
    "Plain.", "Two\nlines, \"quotes\" and 'more'\t.", "{essay} {} {{x}} ``` \\n \\", "Ünïcode 🙂 é",
  ]

  /// Runs the authors' file with its libraries replaced, and prints what each call would send.
  static let driver = #"""
    import json, re, sys, types
    sent = []
    class Client:
        def __init__(self, **options):
            self.chat = types.SimpleNamespace(completions=self)
        def create(self, **request):
            sent.append(request)
            message = types.SimpleNamespace(content="4")
            return types.SimpleNamespace(choices=[types.SimpleNamespace(message=message)])
    def module(name, **values):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(values)
    log = lambda *_: None
    module("groq", Groq=Client)
    module("openai", OpenAI=type("OpenAI", (Client,), {}))
    module("numpy")
    module("utils", log_info=log, log_debug=log, read_file=None)
    module("tenacity", retry=lambda **_: lambda f: f, stop_after_attempt=log,
           wait_exponential=lambda **_: None)
    source = open(sys.argv[1], encoding="utf-8").read()
    # Python before 3.12 knows no quotes of the same kind in a field; they stand in log messages alone.
    source = re.sub(r'row\["(\w+)"\]', r"row['\1']", source)
    program = {"__name__": "labels"}
    exec(compile(source, "llm_labels.py", "exec"), program)
    for essay in json.load(sys.stdin):
        program["completion_plain"](program["as_user_plain"](essay))
        for openai in False, True:
            question = program["as_user_scale_aware"](essay)
            program["completion_scale_aware"](question, openai)
    print(json.dumps(sent))
    """#

  static let isRunnable =
    Shared.exists
    && ["/usr/bin/python3", "/usr/local/bin/python3"].contains {
      FileManager.default.isExecutableFile(atPath: $0)
    }

  @Test(
    "The messages and settings are those that the authors' own program sends",
    .enabled(if: isRunnable, "python3 and ../shared are needed"))
  func sameAsTheProgram() async throws {
    let source = Shared.url("data/llmpathy/src/llm_labels.py")
    let script = try folder.write(Self.driver, to: "driver.py")
    let essays = try folder.write(
      String(decoding: try JSONEncoder().encode(Self.essays), as: UTF8.self), to: "essays.json")
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", script.path, source.path]
    process.standardInput = try FileHandle(forReadingFrom: essays)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let sent = try #require(try JSONSerialization.jsonObject(with: printed) as? [[String: Any]])
    #expect(sent.count == 3 * Self.essays.count)

    let server = try ChatServer { _ in .answer("4") }
    defer { server.close() }
    let url = try #require(URL(string: "http://127.0.0.1:\(server.port)/v1"))
    for essay in Self.essays {
      for (paper, host) in [
        (PaperPrompt.plain, "api.groq.com"), (.scaleAware, "api.groq.com"),
        (.scaleAware, "api.openai.com"),
      ] {
        let client = try ChatClient(
          ChatEndpoint(
            baseURL: url, model: host == "api.openai.com" ? "gpt-4o" : "llama3-70b-8192",
            role: paper.role(at: host)))
        let prompt = try paper.prompt(from: source)
        _ = try await client.ask(client.request(prompt, user: prompt.userText(for: essay)))
      }
    }
    let ours = try server.questions.map {
      try #require(try JSONSerialization.jsonObject(with: $0.body) as? [String: Any])
    }
    #expect(ours.count == sent.count)
    for (ours, theirs) in zip(ours, sent) {
      #expect(NSDictionary(dictionary: ours).isEqual(to: theirs))
      let (mine, wanted) = (
        ours["messages"] as? [[String: String]], theirs["messages"] as? [[String: String]]
      )
      let bytes = { (messages: [[String: String]]?) in
        messages?.map { Array((($0["role"] ?? "") + "|" + ($0["content"] ?? "")).utf8) }
      }
      #expect(bytes(mine) == bytes(wanted) && bytes(mine)?.count == 2)
    }
  }
}
