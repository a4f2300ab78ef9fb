import type { CodegenConfig } from '@graphql-codegen/cli'
import { sdl } from './src/schema/schema.ts'

const config: CodegenConfig = {
  schema: sdl(),
  documents: ['src/web/**/*.{ts,tsx}', '!src/web/generated/**'],
  importExtension: '.ts',
  generates: {
    // A build leaves this file as it was committed, so that a test can detect that it is outdated; `npm run codegen` removes it
    // first.
    'src/schema/schema.graphql': { plugins: ['schema-ast'], overwrite: false, config: { includeDirectives: true } },
    'src/web/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumType: 'string-literal',
        useTypeImports: true,
        strictScalars: true,
        scalars: { Cursor: 'string', DateTime: 'string', JSON: 'unknown' },
      },
    },
  },
}

export default config
