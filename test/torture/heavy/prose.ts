import { says } from '../../harness/person.ts'

const words = 'a mole digs under the meadow all night and eats every worm that it can find there'.split(' ')

/** A message of so many characters. No two are alike, so that nothing remembered helps. */
export function prose(length: number) {
  let text = ''
  while (text.length < length) text += `${words[Math.floor(Math.random() * words.length)]} ${text.length} `
  return says(text.slice(0, length))
}
