import type { Passage } from './passage.ts'

/** The weight of each passage for a question, which is 1 for the best one; null if no passage fits. */
export type Relevance = (question: string, earlier: string) => number[] | null

/** The weight of a word that a passage only mentions, relative to a word by which people ask for the passage. */
const mentioned = 0.3
/** Words that are in every question have little weight, unless the question has no other words. */
const everyday = new Set(
  (
    'a about am an and any are as at be by can could did do does for from get have how i if in into is it me mean much my of ' +
    'on one or please see show some tell that the there they this to up use we what when where which who why will with you your'
  )
    .split(' ')
    .map(stem),
)
const everydayWorth = 0.15
const earlierShare = 0.25
/** The minimum share of a question's words, weighted by their rarity, that a passage must have. */
const leastFit = 0.35
const sharpness = 4
const offTopic = 1e-5
const maxQuestionChars = 2_000

/** Compares words and pairs of words. Rare ones count more. */
export function createRelevance(passages: readonly Passage[]): Relevance {
  const pages = passages.map(({ asks, says }) => ({ asks: new Set(terms(asks)), says: new Set(terms(says)) }))
  const rarity = (term: string) => {
    const pagesWith = pages.filter(({ asks, says }) => asks.has(term) || says.has(term)).length
    const isEveryday = term.split(' ').every((word) => everyday.has(word))
    return (
      Math.log((1 + pages.length) / (0.5 + pagesWith)) *
      (term.includes(' ') ? 0.5 : 1) *
      (isEveryday ? everydayWorth : 1)
    )
  }

  function fits(question: string): number[] {
    const asked = [...new Set(terms(question.slice(-maxQuestionChars)))].map((term) => ({
      term,
      worth: rarity(term),
    }))
    const whole = asked.reduce((sum, { term, worth }) => sum + (term.includes(' ') ? 0 : worth), 0)
    return pages.map(({ asks, says }) => {
      const explained = asked.reduce((sum, { term, worth }) => {
        return sum + worth * (asks.has(term) ? 1 : says.has(term) && !term.includes(' ') ? mentioned : 0)
      }, 0)
      return whole === 0 ? 0 : explained / whole
    })
  }

  return (question, earlier) => {
    const before = fits(earlier)
    const scores = fits(question).map((fit, index) => fit + earlierShare * (before[index] ?? 0))
    const best = Math.max(...scores)
    return best < leastFit ? null : scores.map((score) => Math.max((score / best) ** sharpness, offTopic))
  }
}

function terms(text: string): string[] {
  const words = (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).map(stem)
  return [...words, ...words.slice(1).map((word, index) => `${words[index]} ${word}`)]
}

/** This is crude, but it gives starts, started and starting the same stem, and so it does for cancelling and cancels. */
function stem(word: string): string {
  if (word.length < 5) return word
  return word.replace(/(?:ing|ed|es|s|e)$/, '').replace(/([bdglmnprt])\1$/, '$1')
}
