import type { GraphQLSchema } from 'graphql'
import { branchesOf, type Given, type Operation, operationAt } from './document.ts'
import { isKind, type Kind, kinds, type Meaning } from './meaning.ts'
import type { Place, Position } from './place.ts'

/** What somebody has, by which it could be reached for. */
export interface Realm {
  ids: Record<Kind, string[]>
  cursors: string[]
  /** idempotency keys */
  keys: string[]
  /** that stand in its texts, and nowhere else */
  words: string[]
  /** of invitations that let in nobody who tries */
  tokens: string[]
  /** of API keys, and of invitations */
  secrets: string[]
}

/** One operation that reaches for something of a realm, and the same for something that does not exist. */
export interface Attempt {
  /** Of the position. */
  path: string
  /** Such as `input.parentId, a Message, in hers`. */
  what: string
  /** What is given is of the kind that the position takes. Of cursors, which are many, none is said to be. */
  fits: boolean
  operation: Operation
  twin: Operation
  /** The texts that the two give, each in its place. */
  given: [string, string]
}

/** What stands around what is tried. */
type Surroundings = 'alone' | 'in own' | 'in hers' | 'all hers'

/** An id of the same kind that names nothing. */
function unknownId(id: string): string {
  const [kind, ...parts] = Buffer.from(id, 'base64url').toString().split(':')
  return Buffer.from([kind, ...parts.map(() => crypto.randomUUID())].join(':')).toString('base64url')
}

const uuids = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{11})([0-9a-f])/g

/** A cursor of what does not exist, at the same place in the order of a list. */
function unknownCursor(cursor: string): string {
  const nobodys = (text: string) => text.replace(uuids, (_, most, last) => most + (last === '0' ? '1' : '0'))
  const plain = nobodys(cursor)
  if (plain !== cursor) return plain
  return Buffer.from(nobodys(Buffer.from(cursor, 'base64url').toString())).toString('base64url')
}

interface Tried {
  what: string
  fits: boolean
  value: string
  twin: string
}

function tried(meaning: Meaning, realm: Realm, gone: Realm | undefined): Tried[] {
  if (meaning === 'cursor') {
    return realm.cursors.map((value) => ({ what: 'a cursor', fits: false, value, twin: unknownCursor(value) }))
  }
  if (meaning === 'key') {
    return realm.keys.map((value, index) => ({
      what: 'a key',
      fits: true,
      value,
      twin: gone?.keys[index] ?? crypto.randomUUID(),
    }))
  }
  if (meaning === 'token') {
    const reversed = (token: string) => [...token].reverse().join('')
    return realm.tokens.map((value) => ({ what: 'a token', fits: true, value, twin: reversed(value) }))
  }
  if (meaning === 'words') {
    return realm.words.map((value) => ({ what: 'a word', fits: true, value, twin: value.replace('canary', 'nobody') }))
  }
  return kinds.flatMap((kind) =>
    realm.ids[kind].map((value, index) => ({
      what: `${kind} ${index + 1}`,
      fits: meaning === kind || meaning === 'Node',
      value,
      twin: unknownId(value),
    })),
  )
}

/** An idempotency key does what it is used for, so it is tried where that is refused. */
function surroundingsOf(meaning: Meaning): Surroundings[] {
  return meaning === 'key' ? ['in hers', 'all hers'] : ['alone', 'in own', 'in hers', 'all hers']
}

/** Whether both can be given at once. */
function isBeside(place: Place, position: Position, other: Position): boolean {
  if (other === position) return false
  const branches = branchesOf(place, other.path)
  return [...branchesOf(place, position.path)].every(([at, name]) => (branches.get(at) ?? name) === name)
}

/** What stands at the other positions. */
function around(place: Place, position: Position, from: Realm, surroundings: Surroundings): [string, unknown][] {
  if (surroundings === 'alone') return []
  return place.positions
    .filter((other) => isBeside(place, position, other))
    .filter(({ meaning }) => (surroundings === 'all hers' ? isKind(meaning) : meaning === 'Conversation'))
    .map(({ path, meaning }) => [path, from.ids[meaning as Kind][0]])
}

/** For what is needed where nothing else is said. */
export function ownAt({ positions }: Place, own: Realm): Given {
  return new Map(positions.map(({ path, meaning }) => [path, ownFor(meaning, own)]))
}

function ownFor(meaning: Meaning, own: Realm): string {
  if (isKind(meaning)) return own.ids[meaning][0] ?? ''
  return meaning === 'key' ? crypto.randomUUID() : 'x'
}

/** Who reaches for what, in the tests' own words. */
export interface Reach {
  /** What somebody has. */
  hers: Realm
  /** What they have who try. */
  own: Realm
  /** What was like hers, and was deleted: whose keys they have who try. Absent: hers, by keys of nobody. */
  gone?: Realm
}

/**
 * Every way to reach for what is hers at this place. Where a query takes nothing, there is one: to ask, and to see
 * nothing of hers.
 */
export function attemptsAt(schema: GraphQLSchema, place: Place, { hers, own, gone }: Reach): Attempt[] {
  if (place.positions.length === 0) {
    if (place.operation !== 'query') return []
    const operation = operationAt(schema, place, new Map(), new Map())
    return [{ path: '', what: 'as it is', fits: true, operation, twin: operation, given: ['nothing', 'nothing'] }]
  }
  return place.positions.flatMap((position) => {
    const { path, meaning } = position
    const operationIn = (realm: Realm, surroundings: Surroundings, value: string) => {
      const others = around(place, position, surroundings.endsWith('hers') ? realm : own, surroundings)
      return operationAt(schema, place, new Map([...others, [path, value]]), ownAt(place, own))
    }
    const twinRealm = meaning === 'key' && gone ? gone : hers
    const seen = new Set<string>()
    return surroundingsOf(meaning).flatMap((surroundings) => {
      const form = JSON.stringify(around(place, position, surroundings.endsWith('hers') ? hers : own, surroundings))
      if (seen.has(form)) return []
      seen.add(form)
      // An id of another kind is not looked for, whatever stands around it.
      const isWorthIt = ({ fits }: Tried) => fits || meaning === 'cursor' || surroundings === 'alone'
      return tried(meaning, hers, gone)
        .filter(isWorthIt)
        .map(
          ({ what, fits, value, twin }): Attempt => ({
            path,
            what: `${path}: ${what}, ${surroundings}`,
            fits,
            operation: operationIn(hers, surroundings, value),
            twin: operationIn(twinRealm, surroundings, twin),
            given: [value, twin],
          }),
        )
    })
  })
}
