import { extendSchema, parse } from 'graphql'
import { expect, test } from 'vitest'
import { schema } from '../../src/schema/schema.ts'
import { placesIn } from '../isolation/place.ts'

test('the isolation tests know every place where something can be named', () => {
  expect(placesIn(schema).unknown).toEqual([])
})

test.each([
  ['an argument', 'extend type Mutation { steal(thing: ID!): ID }', 'Mutation.steal(thing)'],
  ['an argument of a stream', 'extend type Subscription { spy(after: Cursor): ID }', 'Subscription.spy(after)'],
  ['an argument of a type', 'extend type Message { versions(token: [String!]): ID }', 'Message.versions(token)'],
  ['a field of an input', 'extend input MessageInput { quotes: ID }', 'MessageInput.quotes'],
  ['a type without an id', 'extend type Usage { of(first: Int): Int }', 'Usage.of'],
  ['a kind of value', 'scalar Link extend type Query { open(link: Link): ID }', 'Query.open(link)'],
])('%s that is new to them makes them fail by its name', (_, more, place) => {
  expect(placesIn(extendSchema(schema, parse(more))).unknown).toEqual([place])
})
