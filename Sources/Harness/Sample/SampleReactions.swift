/// Sentences that react to an article, ordered by how much empathy or distress they carry.
///
/// Level 0 is dismissive, 2 is neutral, 4 is deeply empathetic (for distress: 0 untouched, 3 shaken).
/// The sentences of one level say the same in different words, so that a reader of the text can
/// recover the level but no single word gives it away.
enum SampleReactions {
  static let empathy: [[String]] = [dismissive, detached, neutral, warm, devoted]

  private static let dismissive = [
    "Honestly I don't care much about this.",
    "I guess {victims} knew what could happen and did it anyway.",
    "This is so far away from me that it does not matter.",
    "There is always some story like this and I skip most of them.",
    "I found the article long and rather boring.",
    "People should look after themselves instead of waiting for others.",
    "It is mostly their own fault if you ask me.",
    "I don't see why I should be concerned with {event}.",
    "Whatever, things like this happen every day.",
    "The reporter only wants clicks and this is dragged out.",
    "I did not feel anything reading it.",
    "They made bad choices and now they complain.",
    "I can't get worked up over {event}.",
    "Not my problem, and not my money either.",
    "Somebody will make a movie of it and that will be that.",
    "I stopped halfway because it did not interest me.",
  ]

  private static let detached = [
    "It is a bit of a shame I suppose, but that is life.",
    "I don't know enough about {place} to have a strong opinion.",
    "Some of it may be exaggerated.",
    "It does not surprise me at all.",
    "I read it quickly and the numbers did not stay with me.",
    "It would be different if I knew somebody there.",
    "These stories all sound alike after a while.",
    "It is unfortunate, yet others have it worse.",
    "I would rather read about something useful.",
    "They will get over it with time.",
    "I am more interested in how it works than in who was there.",
    "There are two sides to this and we hear only one.",
    "I doubt that {victims} are as innocent as it sounds.",
    "It is interesting from a technical point of view.",
    "I would not have clicked on it myself.",
    "My first thought was about the cost.",
  ]

  private static let neutral = [
    "The article was clear and easy to follow.",
    "I had not heard of {event} before.",
    "It makes you think about how such things are run.",
    "I wonder what the situation is like today.",
    "It is one of those stories that can go either way.",
    "I would like to know who made the decision.",
    "I talked to a friend about it and we did not agree.",
    "There was something similar near my town some years ago.",
    "I looked at the map to see where it is.",
    "I think the report could have had more background.",
    "It will probably be in the news for another week.",
    "Nobody seems to know what comes next.",
    "I read most of it twice to get the order of things right.",
    "It is the kind of thing that people have opinions about.",
    "The picture beside the article showed very little.",
    "Maybe the next report will say more.",
  ]

  private static let warm = [
    "I feel bad for {victims}.",
    "It is sad to read about {event}.",
    "It must be hard to go through something like that.",
    "I hope that {victims} get the help they need.",
    "My thoughts are with the people there.",
    "I felt sorry for them while I was reading.",
    "It reminded me how lucky I am.",
    "You can tell that they went through a lot.",
    "No one should have to live like that.",
    "I wish there was more support for {victims}.",
    "It is unfair that it always hits the ones with the least.",
    "I tried to picture what their days look like now.",
    "I would want someone to help my family in that place.",
    "It is a tragic story and it stayed with me.",
    "I was touched by how they held together.",
    "That was a terrible thing to happen to anybody.",
  ]

  private static let devoted = [
    "My heart breaks for {victims}.",
    "I cried when I read what happened to {victims}.",
    "I can't imagine the pain and grief they are living with.",
    "I keep thinking of {victims} and what they must feel tonight.",
    "I ache for every family that lost someone they loved.",
    "I wanted to hold them and tell them they are not alone.",
    "Reading about {event} was heartbreaking and I care about them deeply.",
    "I put myself in their shoes and felt their sorrow as if it was mine.",
    "I am so very sorry for {victims} and I want to help in any way.",
    "They deserve love and kindness after all that suffering.",
    "I looked up where to donate because I could not just turn the page.",
    "I prayed for {victims} and for the people who love them.",
    "I felt such compassion for {victims} that I had to stop for a minute.",
    "Those poor souls, my heart goes out to each of them.",
    "I hurt for them, because I know how it is to lose somebody.",
    "What {victims} had to suffer is heartbreaking and it moved me to tears.",
  ]

  static let distress: [[String]] = [untouched, uneasy, upset, shaken]

  private static let untouched = [
    "I went on with my day as usual.", "It left me quite calm.",
    "I had my coffee and moved to the next page.", "I slept fine afterwards.",
    "There is no use in worrying about it.", "It did not bother me.",
    "I am used to the news by now.", "I was relaxed the whole time.",
  ]

  private static let uneasy = [
    "It is a little unsettling.", "It made me somewhat uneasy.",
    "I was a bit tense at the end.", "It is not nice to think about.",
    "I would rather not see the pictures.", "It was uncomfortable in places.",
    "I checked on my own house after that.", "It was a strange feeling.",
  ]

  private static let upset = [
    "It upset me more than I had expected.", "I was angry for the rest of the evening.",
    "It worries me that it could happen here.", "I got a knot in my stomach.",
    "It is disturbing that it could go this far.", "I was troubled by it all day.",
    "It is alarming how fast it went.", "I felt anxious reading on.",
  ]

  private static let shaken = [
    "I was horrified and my hands were shaking.", "It made me feel sick to my stomach.",
    "I am terrified that it will happen again.", "I could not sleep after reading it.",
    "I panicked a little just thinking of it.", "It was so horrific that I had to put it down.",
    "I am still distressed and on edge.", "The whole thing is a nightmare to me.",
  ]

  static let openings = [
    "I just read the article on {event}.", "So this one was about {event}.",
    "I read about {event} today.", "The story is about {event} and {victims}.",
    "I came across the report on {event}.", "Here is what I think of the piece on {event}.",
    "Hey, did you read about {event}?", "I am writing about {event}.",
    "This article tells what happened to {victims}.", "I have read the text about {victims}.",
    "You should know what the article says on {event}.", "Well, it was about {event} this time.",
  ]

  static let quoteLeads = [
    "One of them said \"{quote}\".", "There is a line that goes \"{quote}\" in the middle.",
    "\"{quote}\" was what somebody told the paper.", "They quote a person with \"{quote}\".",
  ]

  static let closings: [[String]] = [
    [
      "Anyway, that's all I have to say.", "I will have forgotten it by tomorrow.",
      "Let them sort it out.", "I am done with this topic.",
    ],
    [
      "That is about it.", "I don't think it will change anything.",
      "We will see what comes of it.", "It is what it is.",
    ],
    [
      "I am curious what will come out.", "Those are my thoughts on it.",
      "That was the main point for me.", "There is not much else to say.",
    ],
    [
      "I hope it gets better for them.", "I wish them well.",
      "Let us hope that somebody helps.", "They should not be forgotten.",
    ],
    [
      "I will carry them in my heart.", "Please let us all do something for them.",
      "I hope with all my heart that they find peace.", "I love them and I have never met them.",
    ],
  ]
}
