import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import type { Crowd } from './crowd.ts'
import type { Dice } from './dice.ts'

// Below the limits of a document, which would refuse it before its cost is counted.
const maxFields = 200
const maxLevels = 13
const sizes = [1, 2, 10, 50, 100, 200]

/** A query that the schema allows, made by chance of what multiplies: lists, pages, aliases, and fields that lead on. */
export function bombOf(schema: GraphQLSchema, crowd: Crowd, dice: Dice): string {
  let fields = 0
  const greed = dice.whole(2, maxLevels)

  function selection(type: GraphQLObjectType, level: number): string {
    const all = Object.values(type.getFields()).filter((field) => argumentsOf(field) !== null)
    const leading = all.filter(({ type: of }) => !isLeafType(getNamedType(of)))
    const lists = leading.filter(
      ({ type: of }) => isListType(getNullableType(of)) || getNamedType(of).name.endsWith('Connection'),
    )
    const count = dice.whole(1, 3)
    const chosen = Array.from({ length: count }, () =>
      level >= greed || fields >= maxFields || leading.length === 0 || dice.chance(0.1)
        ? all.find((field) => isLeafType(getNamedType(field.type)))
        : dice.pick(lists.length > 0 && dice.chance(0.8) ? lists : leading),
    )
    return chosen.map((field) => (field ? call(field, level) : '__typename')).join(' ')
  }

  function call(field: GraphQLField<unknown, unknown>, level: number): string {
    fields += 1
    const named = getNamedType(field.type)
    const name = `f${fields}: ${field.name}${argumentsOf(field) ?? ''}`
    if (isLeafType(named)) return name
    const members = isAbstractType(named) ? schema.getPossibleTypes(named) : [named]
    const member = dice.pick(members.filter(isObjectType))
    const inner = isAbstractType(named)
      ? `... on ${member.name} { ${selection(member, level + 1)} }`
      : selection(member, level + 1)
    return `${name} { ${inner} }`
  }

  /** null for a field that takes what cannot be made up, or that is metered by itself. */
  function argumentsOf({ name, args }: GraphQLField<unknown, unknown>): string | null {
    const given = args.flatMap((argument) => {
      const value = argumentFor(name, argument.name)
      return value === null || (!isRequiredArgument(argument) && dice.chance(0.3)) ? [] : [`${argument.name}: ${value}`]
    })
    const isLacking = args.some((argument) => isRequiredArgument(argument) && argumentFor(name, argument.name) === null)
    if (isLacking) return null
    // Both would be refused.
    const ends = given.filter(
      (text) => !/^(first|last):/.test(text) || text === given.find((other) => /^(first|last):/.test(other)),
    )
    return ends.length === 0 ? '' : `(${ends.join(', ')})`
  }

  function argumentFor(field: string, argument: string): string | null {
    const ids = { conversation: [crowd.conversationId], completion: crowd.completionIds }[field] ?? everyId
    if (argument === 'first' || argument === 'last') return String(dice.pick(sizes))
    if (argument === 'id') return JSON.stringify(dice.pick(ids))
    if (argument === 'ids') return JSON.stringify(everyId.slice(0, dice.pick(sizes)))
    return field === 'searchMessages' && argument === 'query' ? '"digs"' : null
  }

  const everyId = [...crowd.answerIds, ...crowd.messageIds, crowd.conversationId, ...crowd.completionIds]
  const query = schema.getQueryType()
  if (!query) throw new Error('The schema has no queries')
  return `{ ${selection(query, 0)} }`
}
