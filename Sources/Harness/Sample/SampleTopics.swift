/// One kind of harm news: what happened, to whom, and what an article on it says.
///
/// `{place}` stands for the article's place, `{victims}` for the people or animals harmed. Facts are
/// plain statements without a reaction, so that only the reaction sentences carry empathy.
package struct SampleTopic: Sendable {
  package let name: String
  package let events: [String]
  package let victims: [String]
  package let facts: [String]
  package let quote: String
  package let remedies: [String]
}

/// The places that articles are set in; none is tied to a real event.
enum SamplePlaces {
  static let all: [String] = [
    "a river town in the north", "the southern coast", "a small mining valley",
    "the outskirts of the capital", "a border province", "the eastern islands",
    "a market town in the hills", "the old harbour district", "a farming county out west",
    "a mountain village", "the delta region", "an industrial suburb", "a college town",
    "the lake district", "a port on the gulf", "the high desert", "a poor part of the city",
    "a quiet bedroom community", "the central plains", "a fishing village",
    "the rain forest region", "a town near the rail junction", "the western highlands",
    "a new housing estate", "the dry interior",
  ]
}

enum SampleTopics {
  static let all: [SampleTopic] = nature + accidents + society + health

  private static let nature: [SampleTopic] = [
    SampleTopic(
      name: "flood",
      events: ["the flood in {place}", "the dam that failed above {place}", "the storm surge"],
      victims: ["the villagers", "the elderly residents", "the families by the river"],
      facts: [
        "The article says the water rose within an hour during the night.",
        "About four hundred houses near {place} stood under water for a week.",
        "The bridge was closed and supplies came by boat.",
        "It said that {victims} had to leave everything on the ground floor.",
        "The gauge upstream had not been read for two days before.",
        "Boats from three counties took part in the evacuation.",
      ],
      quote: "nobody knocked on our door",
      remedies: [
        "The warning sirens should be tested every month.",
        "Building on the flood plain should stop.",
      ]),
    SampleTopic(
      name: "wildfire",
      events: ["the wildfire near {place}", "the forest fires", "the fire on the ridge"],
      victims: ["the ranchers", "the horses left in the barns", "the people in the valley"],
      facts: [
        "The fire crossed the highway before the road could be closed.",
        "Crews from other states worked in shifts of sixteen hours.",
        "It mentions that {victims} had about ten minutes to get out.",
        "A power line is thought to have started it.",
        "Ash fell on {place} for most of the weekend.",
        "More than ninety buildings burned according to the report.",
      ],
      quote: "we drove through it with the windows up",
      remedies: [
        "The utility ought to bury its lines.",
        "They need to clear the dead brush before summer.",
      ]),
    SampleTopic(
      name: "earthquake",
      events: ["the earthquake in {place}", "the quake and its aftershocks", "the landslide"],
      victims: ["the schoolchildren", "the people under the rubble", "the hospital patients"],
      facts: [
        "The first shock came at six in the morning and lasted forty seconds.",
        "Two of the three clinics in {place} were closed afterwards.",
        "Volunteers dug with their hands until the machines came.",
        "According to the article {victims} waited almost two days.",
        "Most of the houses there are built of unreinforced brick.",
        "The army put up tents on the football field.",
      ],
      quote: "the floor was simply gone",
      remedies: [
        "The building code has to be enforced.",
        "International teams should be on call for this.",
      ]),
    SampleTopic(
      name: "animals",
      events: [
        "the poaching in {place}", "the oil spill off {place}", "the neglect at the shelter",
      ],
      victims: ["the elephants", "the seabirds", "the dogs in the cages"],
      facts: [
        "Rangers counted thirty carcasses during the last season.",
        "The inspectors had been to {place} twice before without a result.",
        "The article gives numbers for {victims} going back ten years.",
        "A clean-up crew washed several hundred of them by hand.",
        "The owner of the company did not answer the reporter.",
        "There is a market for this on the other side of the border.",
      ],
      quote: "they come when they hear the truck",
      remedies: [
        "The fines need to be much higher.",
        "Someone should pay the rangers properly.",
      ]),
  ]

  private static let accidents: [SampleTopic] = [
    SampleTopic(
      name: "mine",
      events: [
        "the mine collapse in {place}", "the gas explosion", "the accident on the night shift",
      ],
      victims: ["the miners", "the men below ground", "the wives waiting at the gate"],
      facts: [
        "Eleven men were underground when the tunnel gave way.",
        "An inspection in spring had listed nineteen faults.",
        "The company put out a statement of three sentences.",
        "It described how {victims} counted the lamps that came up.",
        "The pit near {place} has been open since the fifties.",
        "Rescue teams drilled a second shaft from the side.",
      ],
      quote: "you learn to listen to the rock",
      remedies: [
        "The inspectors should be able to shut a pit at once.",
        "Old mines like this one should be closed.",
      ]),
    SampleTopic(
      name: "bus",
      events: [
        "the bus crash near {place}", "the pile-up on the motorway", "the train derailment",
      ],
      victims: ["the passengers", "the children on the bus", "the driver and his crew"],
      facts: [
        "The road near {place} was icy and had not been gritted.",
        "Twenty two people were taken to four hospitals.",
        "The driver had been at the wheel for eleven hours.",
        "A lorry could not stop in time and hit the rear.",
        "The article lists where {victims} came from.",
        "Traffic was stopped in both directions until noon.",
      ],
      quote: "there was glass in everything",
      remedies: [
        "Drivers need a limit on their hours that is checked.",
        "Seat belts on coaches should be required.",
      ]),
    SampleTopic(
      name: "factory",
      events: [
        "the factory fire in {place}", "the collapse of the garment works", "the chemical leak",
      ],
      victims: ["the workers", "the young women at the machines", "the neighbours"],
      facts: [
        "Two of the doors had been locked from the outside.",
        "The plant in {place} supplied several large brands.",
        "Inspectors had passed the building in the same year.",
        "It says {victims} earned less than four dollars a day.",
        "The cloud drifted over a school and a market.",
        "The owners were questioned and let go the next day.",
      ],
      quote: "the stairs were full of boxes",
      remedies: [
        "The brands should answer for their suppliers.",
        "Fire exits must be checked by somebody independent.",
      ]),
    SampleTopic(
      name: "boat",
      events: ["the sinking off {place}", "the overloaded ferry", "the boat that turned over"],
      victims: ["the migrants", "the mothers with babies", "the crew"],
      facts: [
        "The boat was built for sixty and carried over two hundred.",
        "Fishermen from {place} were the first to arrive.",
        "The coast guard needed three hours to reach it.",
        "The article says that {victims} had paid for the crossing in cash.",
        "Only a few of the life vests were real.",
        "The search was called off on the fourth day.",
      ],
      quote: "we held hands in a ring",
      remedies: [
        "There should be a legal way to make the crossing.",
        "The smugglers have to be found and tried.",
      ]),
  ]
}
