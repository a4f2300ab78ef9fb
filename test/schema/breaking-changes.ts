import { readFileSync } from 'node:fs'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

// A part of `npm run check`: what breaks clients of the last release stands in CHANGELOG.md, above the section of that release.

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const released = read('test/schema/released.graphql')
const [, version] = /^# The schema of (\S+),/.exec(released) ?? []
const [news, ...older] = read('CHANGELOG.md').split(`\n## [${version}]`)
if (news === undefined || older.length !== 1) throw new Error(`CHANGELOG.md has no section of the release ${version}.`)

const changes = await diff(buildSchema(released), buildSchema(read('src/schema/schema.graphql')))
const unnamed = changes.filter(
  ({ criticality, path }) => criticality.level === CriticalityLevel.Breaking && !news.includes(`\`${path}\``),
)
for (const { path, message } of unnamed) {
  console.error(`${path}: ${message} This breaks clients of ${version}: name \`${path}\` in CHANGELOG.md, or undo it.`)
}
if (unnamed.length > 0) process.exitCode = 1
