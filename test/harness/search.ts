import { createPerson, type Person } from './person.ts'

/** Creates a new user who has written these messages in one conversation. */
export async function writerAt(url: string, contents: string[]) {
  const person = createPerson(url, `person-${crypto.randomUUID()}`)
  const { id } = await person.converse()
  for (const content of contents) await person.write(id, content)
  return { person, conversationId: id }
}

export async function contentsFound(person: Person, query: string, more: object = {}) {
  return (await person.search(query, more)).edges.map(({ node }) => node.content)
}
