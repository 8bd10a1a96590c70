/// A person of the sample: the demographics and the traits that shape labels and text.
package struct SamplePerson: Sendable {
  /// `p000`–`p074` in train, a plain integer in dev and test.
  package let id: String
  package var demographics: Demographics
  /// Four scores of the Interpersonal Reactivity Index in [1, 5], five of personality in [1, 7].
  package let iri: [Double]
  package let personality: [Double]
  /// How much empathy this person's essays show on average; mean 0, SD about 0.6.
  var warmth: Double
  /// How high this person clicks whatever the text says; mean 0, SD 1.
  var leniency: Double
  /// Clicks without reading in most rows.
  var careless = false
  /// Types in lower case.
  let lowerCase: Bool

  /// Codes as in the original files; nil prints as `unknown`.
  package struct Demographics: Sendable, Equatable {
    package var gender: Int?
    package var education: Int?
    package var race: Int?
    package var age: Int?
    package var income: Int?
  }
}

/// An essay with what lies behind it: the strengths that steer the text, and the labels.
package struct SampleEssay: Sendable {
  package let person: Int
  package let article: Int
  package let text: String
  /// Empathy and distress as the text carries them; mean 0, SD about 1.
  package let empathy: Double
  package let distress: Double
  /// Crowd labels in [1, 7].
  package let crowdEmpathy: Double
  package let crowdDistress: Double
  /// Labels as a language model gives them, in [1, 7].
  package let llama: Double
  package let llamaPlain: Double
  package let gpt: Double
}

/// A row of a split: which essay stands in which conversation.
package struct SampleRow: Sendable {
  package let conversation: Int
  package let essay: Int
}

package struct SampleSplit: Sendable {
  package let name: String
  package let people: [SamplePerson]
  package let essays: [SampleEssay]
  package let rows: [SampleRow]
  /// Indices into `people`, one a row of the demographics file; a person may be repeated or absent.
  package let demographicsRows: [Int]

  func person(of row: SampleRow) -> SamplePerson { people[essays[row.essay].person] }
}
