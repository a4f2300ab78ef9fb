const friends = (levels: number) => `{ viewer ${'{ friend '.repeat(levels)}{ name }${' }'.repeat(levels)} }`

// Each fragment spreads the next one twice: 2 to the power of 12 fields from a few hundred tokens.
const doubling = [
  '{ viewer { ...F0 } }',
  ...Array.from(
    { length: 12 },
    (_, i) => `fragment F${i} on Person { a: friend { ...F${i + 1} } b: friend { ...F${i + 1} } }`,
  ),
  'fragment F12 on Person { name }',
].join('\n')

/** The documents by what is wrong with them. None of them may reach a resolver. */
export const hostileDocuments: Record<string, string> = {
  'nothing in it': '',
  'a comment alone': '# nothing',
  'no GraphQL': '<html>',
  'an open string': '{ double(of: "',
  'an unknown field': '{ password }',
  'a missing argument': '{ double }',
  'an argument of another type': '{ double(of: "2") }',
  'a number beyond Int': '{ double(of: 99999999999) }',
  'no such operation type': 'mutation { drop }',
  'several anonymous operations': '{ viewer { name } } { viewer { name } }',
  'two subscriptions in one': 'subscription { count(to: 1) parked }',
  'a subscription of what is skipped': 'subscription { count(to: 1) @skip(if: true) }',
  'a subscription of what a variable includes': 'subscription ($x: Boolean = true) { count(to: 1) @include(if: $x) }',
  'a subscription of a fragment that is skipped':
    'subscription { ...A @skip(if: true) } fragment A on Subscription { count(to: 1) }',
  'a subscription of what a fragment in a fragment skips':
    'subscription { ...A } fragment A on Subscription { ... { ...B } } fragment B on Subscription { parked @skip(if: true) }',
  'a subscription of an inline fragment that is skipped':
    'subscription { ... on Subscription @skip(if: true) { count(to: 1) } }',
  'a subscription of a fragment in itself that is skipped':
    'subscription { ...A } fragment A on Subscription { ...A @skip(if: true) }',
  'nesting beyond the limit': friends(20),
  'nesting that would exhaust a stack': friends(1_600),
  'list values nested as deep as its tokens reach': `{ double(of: ${'['.repeat(2_490)}${']'.repeat(2_490)}) }`,
  'more aliases than the limit': `{ ${Array.from({ length: 501 }, (_, i) => `a${i}: broken`).join(' ')} }`,
  'the same field over and over': `{ ${'broken '.repeat(2_000)} }`,
  'more tokens than the limit': `{ broken ${'@skip(if: false) '.repeat(1_000)} }`,
  'repeated directives': '{ broken @skip(if: false) @skip(if: false) }',
  'an unknown directive': '{ broken @sudo }',
  'a fragment in itself': '{ viewer { ...A } } fragment A on Person { friend { ...A } }',
  'fragments in a circle': '{ viewer { ...A } } fragment A on Person { ...B } fragment B on Person { ...A }',
  'fragments that double at each level': doubling,
  'an undefined variable': 'query ($x: Sudo) { viewer { name } }',
  'introspection nested beyond the limit': `{ __schema { types { ${'fields { type { '.repeat(10)} name ${'} } '.repeat(10)} } } }`,
}
