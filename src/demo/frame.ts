import { paragraphs, prose } from './passage.ts'

/** Every answer begins with one of these, so that nobody mistakes the demo for a real model. */
export const openings = [
  'This is the demo model speaking.',
  'Demo model here.',
  'I am only the demo model, but I can tell you this.',
  'A word from the built-in demo model:',
  'You have reached the demo model.',
]

/** Every answer ends with one of these. The first one is empty. */
export const closings = [
  '',
  ' Ask me for an example if you want to see more.',
  ' That is as much as a demo knows; a real model will say it better.',
]

/** The answers of the model if no passage fits the question. */
export const fallbacks = [
  paragraphs(
    prose(
      'That is beyond me: I am a small table of word statistics that was trained on a few pages about Antiphon.',
      'I can stream, stop, call tools and count tokens like a real model, but I know nothing of the world.',
    ),
    prose(
      'Ask me how to start Antiphon, how to connect a real model or a database, how an answer is resumed or cancelled,',
      'or how to share a conversation.',
      'For an answer to your own question, set `OPENAI_API_KEY` and start again.',
    ),
  ),
  paragraphs(
    prose(
      'I do not know the answer to that.',
      'I am a stand-in that needs no key and no network, so that you can try everything around the model first.',
    ),
    prose(
      'What you can see here is real: the tokens stream one by one, the Stop button works, and the conversation is kept.',
      'Only the wisdom is missing. Point Antiphon at a real model and ask the same question again.',
    ),
  ),
]

/** The reasoning of the reasoning model before its answer. */
export const thoughts = [
  prose(
    'Let me see what the person wants to know.',
    'First I look for the words of the question in the few pages that I was trained on.',
    'One page fits better than the others, so I will answer from that one and say that I am a demo.',
  ),
  prose(
    'The question has a few words that I know.',
    'I weigh the pages where they stand, and leave the rest aside.',
    'A short answer is enough here, and it should be plain that a demo gave it.',
  ),
]

/** The remarks of the model after it has shown the result of a tool. */
export const toolRemarks = [
  prose(
    'That is what the tool returned, word for word.',
    'A real model would now put it into its own words; the demo model leaves it as it is.',
  ),
]
