extension SampleTopics {
  static let society: [SampleTopic] = [
    SampleTopic(
      name: "refugees",
      events: ["the camp at {place}", "the civil war", "the shelling of the town"],
      victims: ["the refugees", "the orphans", "the people in the tents"],
      facts: [
        "The camp was planned for nine thousand and holds forty thousand.",
        "Water comes by truck every second day.",
        "The article follows {victims} over one winter.",
        "Lessons are held in a shipping container near the gate.",
        "Fighting near {place} closed the road for aid convoys.",
        "The paper work takes about two years on average.",
      ],
      quote: "i still have the key to our house",
      remedies: [
        "Other countries should take in their share.",
        "The aid convoys need protection.",
      ]),
    SampleTopic(
      name: "shooting",
      events: [
        "the shooting in {place}", "the attack at the market", "the stabbing at the station",
      ],
      victims: ["the victims", "the shoppers", "the young man who was killed"],
      facts: [
        "The gunman had bought the rifle the month before.",
        "Police arrived at {place} after seven minutes.",
        "The article names {victims} one after another.",
        "Witnesses gave different accounts of how it began.",
        "A vigil was held in front of the town hall.",
        "The trial is expected to begin next year.",
      ],
      quote: "i thought it was fireworks",
      remedies: [
        "There should be a longer check before a gun is sold.",
        "The warning signs were reported and nobody followed up.",
      ]),
    SampleTopic(
      name: "police",
      events: ["the arrest in {place}", "the wrongful conviction", "the raid on the wrong house"],
      victims: ["the man", "the couple", "the inmate and his mother"],
      facts: [
        "The camera had been switched off for twelve minutes.",
        "He spent nineteen years in prison before the test was done.",
        "The department in {place} settled without a trial.",
        "It explains what happened to {victims} afterwards.",
        "Two witnesses took back what they had said.",
        "The officer was moved to another district.",
      ],
      quote: "they never asked my name",
      remedies: [
        "Every case of that prosecutor should be looked at again.",
        "Cameras should stay on, period.",
      ]),
    SampleTopic(
      name: "eviction",
      events: ["the evictions in {place}", "the closing of the shelter", "the rent rise"],
      victims: ["the tenants", "the homeless veterans", "the single mothers"],
      facts: [
        "The letter gave them thirty days.",
        "A fund had bought the whole block in {place}.",
        "According to the article {victims} sleep in cars by the stadium.",
        "The waiting list for a flat is six years long.",
        "The city council voted seven to five.",
        "Two nearby motels are full by the middle of each month.",
      ],
      quote: "my daughter does her homework in the laundry room",
      remedies: [
        "Rents should be tied to wages.",
        "The city could use the empty offices.",
      ]),
    SampleTopic(
      name: "bullying",
      events: ["the bullying at the school in {place}", "the abuse case", "the hazing"],
      victims: ["the girl", "the boys on the team", "the students"],
      facts: [
        "It went on for two years and was reported three times.",
        "The messages were read out at the hearing.",
        "The school in {place} changed its rules afterwards.",
        "The article quotes a letter that {victims} wrote.",
        "A coach resigned in the spring.",
        "Parents met in the gym to talk about it.",
      ],
      quote: "i stopped eating lunch there",
      remedies: [
        "Teachers need time to look after such things.",
        "The ones who did it should face consequences.",
      ]),
  ]

  static let health: [SampleTopic] = [
    SampleTopic(
      name: "epidemic",
      events: ["the cholera in {place}", "the new virus", "the outbreak at the nursing home"],
      victims: ["the patients", "the nurses", "the old people"],
      facts: [
        "The clinic had forty beds and two hundred patients.",
        "Tests took nine days to come back from the capital.",
        "The wells around {place} were closed one by one.",
        "It reports that {victims} shared one toilet on each floor.",
        "Doctors from abroad came after the third week.",
        "The vaccine has to be kept cold on the way.",
      ],
      quote: "we ran out of gloves first",
      remedies: [
        "Clean water would cost less than the cure.",
        "Nursing homes need more staff.",
      ]),
    SampleTopic(
      name: "famine",
      events: ["the drought in {place}", "the famine", "the failed harvest"],
      victims: ["the children", "the herders", "the mothers in the queue"],
      facts: [
        "It has not rained there for the third year.",
        "A sack of grain costs five times as much as before.",
        "The article describes how {victims} walk nine miles for water.",
        "Half of the cattle around {place} died by March.",
        "The ships with food wait in the harbour for papers.",
        "The feeding centre weighs everyone on Mondays.",
      ],
      quote: "we cooked leaves",
      remedies: [
        "The harbour must be opened for the food ships.",
        "They need wells and seeds more than speeches.",
      ]),
    SampleTopic(
      name: "overdose",
      events: ["the overdoses in {place}", "the pill mills", "the contaminated batch"],
      victims: ["the addicts", "the parents", "the teenagers"],
      facts: [
        "There were seventeen calls in a single weekend.",
        "One pharmacy in {place} sold two million pills.",
        "The article speaks with a paramedic about {victims}.",
        "The treatment centre has a list of four months.",
        "The drug was mixed with something much stronger.",
        "A court let the company pay a fine.",
      ],
      quote: "his shoes are still by the door",
      remedies: [
        "Treatment should be there on the day somebody asks.",
        "The makers of the pills should pay for it.",
      ]),
    SampleTopic(
      name: "hospital",
      events: [
        "the mistake at the hospital in {place}", "the surgery scandal", "the bad implants",
      ],
      victims: ["the women", "the newborns", "the patients on that ward"],
      facts: [
        "The records had been changed afterwards.",
        "A nurse wrote to the board as early as the first year.",
        "The hospital in {place} is the only one for eighty miles.",
        "It took nine years until {victims} were told.",
        "The surgeon works in another state today.",
        "The inquiry filled four volumes.",
      ],
      quote: "they told me it was in my head",
      remedies: [
        "Hospitals should have to report such cases.",
        "Whistle blowers need protection.",
      ]),
  ]
}
