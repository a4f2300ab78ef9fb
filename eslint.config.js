import graphql from '@graphql-eslint/eslint-plugin'

// ESLint looks at the printed schema alone; Biome does all else.
const schema = 'src/schema/schema.graphql'

/** Rules that are off or looser, each with the reason. */
const adapted = {
  // It is printed by name, which this rule does not know: it wants `id` first and dates last.
  alphabetize: 'off',
  // A mutation takes one `input` where it makes or changes something, and the id alone where that is all.
  'input-name': 'off',
  // It is there for schemas that only read.
  'no-root-type': 'off',
  // People and search results are paged forward only: nobody begins at their end.
  'relay-arguments': ['error', { includeBoth: false }],
  // Short lists, whose cap is in `@listSize`, are plain lists.
  'relay-edge-types': [
    'error',
    { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  ],
  // What has an identity implements Node, which has an id. All other types are values: caches keep them in what they belong to.
  'strict-id-in-types': 'off',
}

/** What one rule says about one name and may, with the reason. */
const exceptions = [
  {
    rule: 'no-unreachable-types',
    message: /`ErrorCode`/,
    reason: 'It describes `extensions.code`, which is no field, and clients generate their type from it.',
  },
  {
    rule: 'require-nullable-result-in-root',
    message: /"User" in type "Query"/,
    reason: 'Without a viewer there is no answer at all, so `viewer` takes no sibling with it.',
  },
]

/** Takes the exceptions out, and reports those that nothing needs any more. */
const withoutExceptions = {
  preprocess: (text) => [text],
  postprocess([messages]) {
    const isExcepted = ({ ruleId, message }, { rule, message: expected }) =>
      ruleId === `@graphql-eslint/${rule}` && expected.test(message)
    const unused = exceptions.filter((exception) => !messages.some((message) => isExcepted(message, exception)))
    return [
      ...messages.filter((message) => !exceptions.some((exception) => isExcepted(message, exception))),
      ...unused.map(({ rule, message }) => ({
        ruleId: null,
        severity: 2,
        line: 1,
        column: 1,
        message: `The exception ${message} to ${rule} in eslint.config.js is not needed.`,
      })),
    ]
  },
}

const named = ([rule, level]) => [`@graphql-eslint/${rule}`, level]

export default [
  {
    files: [schema],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    processor: withoutExceptions,
    rules: {
      ...graphql.configs['flat/schema-all'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      ...Object.fromEntries(Object.entries(adapted).map(named)),
    },
  },
]
