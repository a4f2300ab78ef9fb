import { type Person, readTo, says } from './person.ts'
import { chunks, done, finish, gate, type ScriptedUpstream } from './upstream.ts'

/** A conversation in which an answer has come as far as `A mo`. `finish` lets it end with `A mole.`. */
export async function busyConversation(upstream: ScriptedUpstream, person: Person) {
  const hold = gate()
  upstream.reply(...chunks('A mo'), hold.wait, ...chunks('le.'), finish('stop'), done())
  const { completion, conversation } = await person.ask({ messages: [says('What digs?')], background: true })
  const viewer = person.watch(completion.id)
  await readTo('A mo', viewer)
  const conversationId = conversation?.id ?? ''
  return { completion, conversationId, viewer, finish: hold.open, sent: upstream.requests.length }
}
