import graphql from '@graphql-eslint/eslint-plugin'

// ESLint checks only the printed schema; Biome checks everything else.
const schema = 'src/schema/schema.graphql'

/** Rules that are off or less strict, each with the reason. */
const adapted = {
  // The schema is printed in alphabetical order, which this rule does not support: it requires `id` first and dates last.
  alphabetize: 'off',
  // A mutation has one `input` if it creates or changes something, and only the id if it needs nothing else.
  'input-name': 'off',
  // This rule is for schemas that only read.
  'no-root-type': 'off',
  // People and search results are only paged forwards, because nobody begins at their end.
  'relay-arguments': ['error', { includeBoth: false }],
  // Short lists, whose maximum length is in `@listSize`, are plain lists.
  'relay-edge-types': [
    'error',
    { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  ],
  // Types with an identity implement Node, which has an id. All other types are values, which caches store in the object that
  // they belong to.
  'strict-id-in-types': 'off',
}

/** Messages that one rule may report about one name, with the reason. */
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

/** Removes the messages that are excepted, and reports the exceptions that are not needed any more. */
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
