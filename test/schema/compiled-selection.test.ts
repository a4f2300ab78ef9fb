import fc from 'fast-check'
import { getOperationAST, parse, validate } from 'graphql'
import { describe, expect, test } from 'vitest'
import { compileSelection } from '../../src/schema/compiled-selection.ts'
import { executeWithin } from '../../src/schema/metered.ts'
import { schema } from '../../src/schema/schema.ts'

const budget = 10_000
const variables = { yes: true, no: false, input: { watch: { completionId: 'x' } } }
const header = 'subscription ($input: CompletionStreamInput!, $yes: Boolean!, $no: Boolean!)'

/** Both ways to the data of a result, as JSON. The first is null where an execution is needed. */
async function bothWays(text: string, event: object, given: Record<string, unknown> = variables, most = budget) {
  const document = parse(text)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('there is no operation')
  const compiled = compileSelection(schema, document, operation, given, most)(event)
  const args = { schema, document, variableValues: given, rootValue: event, contextValue: {} }
  return { compiled, executed: await executeWithin(most, args) }
}

const textOf = (...selections: string[]) => `{ ${selections.join(' ')} }`

const condition = fc.constantFrom(
  '',
  '',
  '',
  '@include(if: $yes)',
  '@skip(if: $yes)',
  '@skip(if: $no)',
  '@skip(if: true)',
)

/** An alias always stands for the same field, so that equal keys can be merged. */
function leafOf(...names: string[]) {
  const alias = fc.constantFrom('', '', 'a_', 'b_')
  return fc
    .tuple(alias, fc.constantFrom('__typename', ...names), condition)
    .map(([prefix, name, when]) => `${prefix === '' ? '' : `${prefix}${name}: `}${name} ${when}`)
}

function setOf(type: string, selection: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const inner = fc.array(selection, { minLength: 1, maxLength: 4 })
  const inline = fc
    .tuple(fc.constantFrom('', `on ${type}`), condition, inner)
    .map(([on, when, selections]) => `... ${on} ${when} ${textOf(...selections)}`)
  return fc.array(fc.oneof(selection, selection, inline), { minLength: 1, maxLength: 6 }).map((all) => textOf(...all))
}

const fieldOf = (name: string, set: fc.Arbitrary<string>) =>
  fc.tuple(condition, set).map(([when, text]) => `${name} ${when} ${text}`)

const toolCall = setOf('ToolCallDelta', leafOf('index', 'callId', 'name', 'arguments', 'argumentsOffset'))
const choiceLeaf = leafOf(
  ...['index', 'messageId', 'content', 'contentOffset', 'refusal', 'refusalOffset', 'reasoning', 'reasoningOffset'],
  ...['logprobs', 'logprobsOffset', 'finishReason'],
)
const choice = setOf('ChoiceDelta', fc.oneof(choiceLeaf, choiceLeaf, fieldOf('toolCalls', toolCall)))
const eventOf = (type: string) =>
  setOf(type, fc.oneof(leafOf('completionId', 'cursor'), fc.constant('...OnEvent'), fieldOf('choices', choice)))
const documents = fc
  .record({
    onEvent: leafOf('completionId', 'cursor'),
    delta: eventOf('CompletionDelta'),
    snapshot: eventOf('CompletionSnapshot'),
  })
  .map(
    ({ onEvent, delta, snapshot }) => `${header} { answer: completionStream(input: $input) {
      ... on CompletionDelta ${delta} ...OnEvent ... on CompletionSnapshot ${snapshot}
    } }
    fragment OnEvent on CompletionEvent { ${onEvent} }`,
  )

const text = fc.string({ unit: 'binary', maxLength: 20 })
const number = fc.nat(1_000_000)
const entries = fc.option(fc.record({ content: fc.array(fc.jsonValue()), refusal: fc.array(fc.jsonValue()) }))
const pieces = fc.record({
  ...{
    index: number,
    messageId: fc.uuid(),
    content: text,
    contentOffset: number,
    refusal: text,
    refusalOffset: number,
  },
  ...{ reasoning: text, reasoningOffset: number, logprobs: entries, logprobsOffset: entries },
  finishReason: fc.option(
    fc.constantFrom('STOP', 'LENGTH', 'TOOL_CALLS', 'CONTENT_FILTER', 'FUNCTION_CALL', 'UNKNOWN'),
  ),
  toolCalls: fc.array(
    fc.record({ index: number, id: fc.option(text), name: fc.option(text), arguments: text, argumentsOffset: number }),
    { maxLength: 3 },
  ),
})
const events = fc.record({
  type: fc.constantFrom('delta', 'snapshot'),
  completionId: fc.uuid(),
  cursor: text,
  completion: fc.constant({ status: 'IN_PROGRESS', model: 'm' }),
  choices: fc.array(pieces, { maxLength: 3 }),
})

describe('a compiled selection', () => {
  test('writes, to the character, what an execution gives', async () => {
    const same = fc.asyncProperty(documents, events, async (document, event) => {
      const { compiled, executed } = await bothWays(document, event)
      expect(executed.errors).toBeUndefined()
      expect(compiled).toBe(JSON.stringify(executed.data))
    })
    await fc.assert(same, { numRuns: 300 })
  })

  test('is made from valid documents in that comparison', () => {
    const isUnused = (error: unknown) => String(error).includes('is never used')
    for (const document of fc.sample(documents, 50)) {
      expect(validate(schema, parse(document)).filter((error) => !isUnused(error))).toEqual([])
    }
  })

  const delta = (choices: object[]) => ({ type: 'delta', completionId: crypto.randomUUID(), cursor: 'c', choices })
  const contents = `${header} { completionStream(input: $input) { ... on CompletionDelta { choices { content } } } }`

  test.each([
    ['a snapshot whose completion has fields that are read elsewhere', 'conversation { id }', true],
    ['a snapshot whose completion has fields of its own', 'status model', false],
  ])('of %s', async (_, fields, needsExecution) => {
    const [event] = fc.sample(events, 1)
    const document = `${header} { completionStream(input: $input) { ... on CompletionSnapshot { completion { ${fields} } } } }`
    const { compiled } = await bothWays(document, { ...event, type: 'snapshot' })
    expect(compiled === null).toBe(needsExecution)
  })

  test.each([
    ['a value that is not of its type', delta([{ content: {} }]), budget],
    ['a null where there may be none', delta([{ content: null }]), budget],
    ['more than the budget', delta(Array.from({ length: 100 }, () => ({ content: '' }))), 5],
  ])('leaves %s to an execution, which has an error to tell', async (_, event, most) => {
    const { compiled, executed } = await bothWays(contents, event, variables, most)
    expect(compiled).toBeNull()
    expect(executed.errors).toHaveLength(1)
  })

  test('with other variables leaves out other fields', async () => {
    const document = `${header} { completionStream(input: $input) { cursor @include(if: $yes) completionId @skip(if: $no) } }`
    const event = delta([])
    const { compiled: first } = await bothWays(document, event)
    const { compiled: second, executed } = await bothWays(document, event, { ...variables, yes: false })
    expect(first).toContain('cursor')
    expect(second).toBe(JSON.stringify(executed.data))
  })

  test('is shared by those who ask with the same document, though not their variables', async () => {
    const document = parse(`${header} { completionStream(input: $input) { __typename completionId } }`)
    const operation = getOperationAST(document)
    if (!operation) throw new Error('there is no operation')
    const failure = { code: 'NOT_FOUND', message: 'gone' }
    const event = { type: 'rejected', completionId: '', cursor: '', failure }
    const written = ['first', 'second'].map((completionId) =>
      compileSelection(
        schema,
        document,
        operation,
        { ...variables, input: { watch: { completionId } } },
        budget,
      )(event),
    )
    expect(written).toEqual(
      ['first', 'second'].map(
        (completionId) => `{"completionStream":{"__typename":"CompletionRejected","completionId":"${completionId}"}}`,
      ),
    )
  })
})
