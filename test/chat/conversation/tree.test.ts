import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { walk } from '../../harness/pages.ts'
import { createPerson, says } from '../../harness/person.ts'
import { startServer } from '../../harness/server.ts'
import { chunk, done, startScriptedUpstream } from '../../harness/upstream.ts'

const upstream = await startScriptedUpstream()
const { url } = await startServer({ OPENAI_BASE_URL: upstream.baseUrl, LIMIT_REQUESTS_PER_MINUTE: '100000' })
afterAll(() => upstream.close())

const people = [createPerson(url, 'alice'), createPerson(url, 'bob')] as const

interface Node {
  id: string
  parent: Node | null
}

/** What a step does, by whom, and at which message; a number that is too large counts on from the first. */
interface Step {
  kind: 'write' | 'branch' | 'edit' | 'ask' | 'select' | 'delete'
  person: 0 | 1
  at: number
}

/** The tree as it should be, in the order of the writing, and where the two stand. */
function createOracle() {
  const nodes: Node[] = []
  const leaves: [Node | null, Node | null] = [null, null]
  const isBelow = (node: Node | null, top: Node): boolean =>
    node !== null && (node === top || isBelow(node.parent, top))
  return {
    nodes,
    leaves,
    pathTo(leaf: Node | null): string[] {
      return leaf === null ? [] : [...this.pathTo(leaf.parent), leaf.id]
    },
    siblings: ({ parent }: Node) => nodes.filter((node) => node.parent === parent).map(({ id }) => id),
    grow(person: number, parent: Node | null, ids: readonly string[]) {
      const grown = ids.map((id): Node => ({ id, parent }))
      nodes.push(...grown)
      for (const [index, leaf] of leaves.entries())
        if (index === person || leaf === parent) leaves[index] = grown[0] ?? null
      return grown
    },
    select(person: number, top: Node) {
      const leaf = leaves[person] ?? null
      if (leaf === top || !isBelow(leaf, top)) leaves[person] = nodes.findLast((node) => isBelow(node, top)) ?? null
    },
    remove(gone: Node) {
      nodes.splice(nodes.indexOf(gone), 1)
      for (const node of nodes) if (node.parent === gone) node.parent = gone.parent
      for (const [index, leaf] of leaves.entries())
        if (leaf === gone) leaves[index] = gone.parent ?? nodes.at(-1) ?? null
    },
  }
}

type Oracle = ReturnType<typeof createOracle>

async function writeMessage(oracle: Oracle, id: string, { kind, person, at }: Step, node: Node | undefined) {
  const place = kind === 'branch' ? { parentId: node?.id } : kind === 'edit' ? { replaces: node?.id } : {}
  const parent = (kind === 'branch' ? node : kind === 'edit' ? node?.parent : oracle.leaves[person]) ?? null
  const { createdMessage } = await people[person].write(id, `${at}`, place)
  oracle.grow(person, parent, [createdMessage.id])
}

/** Two answers to a question, or two more to a message that is there. */
async function ask(oracle: Oracle, id: string, { person, at }: Step, node: Node | undefined) {
  const choices = [0, 1].map((index) => ({ index, delta: { content: `${index}` }, finish_reason: 'stop' }))
  upstream.reply(chunk(choices), done())
  const isAgain = node !== undefined && at % 2 === 0
  const parent = isAgain ? node : (oracle.leaves[person] ?? null)
  const input = { conversationId: id, parentId: parent?.id, messages: isAgain ? [] : [says('?')], n: 2 }
  const { completion } = await people[person].ask(input)
  const question = completion.context.messages.at(-1)?.id ?? ''
  const asked = isAgain ? parent : oracle.grow(person, parent, [question])[0]
  const answers = completion.choices.map(({ message }) => message.id)
  const stands = [...oracle.leaves]
  oracle.grow(person, asked ?? null, answers)
  // Whoever stood above a new question comes with it to its first answer; the question itself is where nobody stands.
  for (const [index, leaf] of stands.entries())
    if (leaf === asked) oracle.leaves[index] = oracle.nodes.find(({ id: answer }) => answer === answers[0]) ?? null
}

async function take(oracle: Oracle, id: string, step: Step) {
  const node = oracle.nodes[step.at % Math.max(1, oracle.nodes.length)]
  if (step.kind === 'ask') return ask(oracle, id, step, node)
  if (step.kind === 'select' && node) {
    await people[step.person].select(node.id)
    return oracle.select(step.person, node)
  }
  if (step.kind === 'delete' && node) {
    await people[0].erase(node.id)
    return oracle.remove(node)
  }
  return writeMessage(oracle, id, step, node)
}

async function check(oracle: Oracle, id: string, size: number) {
  for (const [index, person] of people.entries()) {
    const leaf = oracle.leaves[index] ?? null
    expect((await person.conversation(id))?.currentLeaf?.id).toBe(leaf?.id)
    for (const way of ['forwards', 'backwards'] as const) {
      expect(await walk((page) => person.messages(id, page), size, way)).toEqual(oracle.pathTo(leaf))
    }
  }
  for (const node of oracle.nodes) {
    const { edges } = await people[0].messages(id, { leafId: node.id, last: size })
    expect(edges.map((edge) => edge.node.id)).toEqual(oracle.pathTo(node).slice(-size))
    const last = edges.at(-1)?.node
    expect(last?.parent?.id).toBe(node.parent?.id)
    expect(last?.siblings.map((sibling) => sibling.id)).toEqual(oracle.siblings(node))
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'branch', 'edit', 'ask', 'select', 'delete', 'delete'),
  person: fc.constantFrom(0, 1),
  at: fc.nat(1_000),
})

test('two people who write, edit, ask, select and delete at random see the tree that a simple one says', {
  timeout: 180_000,
}, async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }),
    fc.integer({ min: 1, max: 7 }),
    async (steps, size) => {
      const oracle = createOracle()
      const { id } = await people[0].converse()
      await people[0].add(id, await people[1].id(), 'OWNER')
      for (const [index, each] of steps.entries()) {
        await take(oracle, id, each)
        if (index % 10 === 9) await check(oracle, id, size)
      }
      await check(oracle, id, size)
    },
  )
  await fc.assert(property, { numRuns: 8, endOnFailure: true })
})
