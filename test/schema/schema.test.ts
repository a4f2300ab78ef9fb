import { readFileSync } from 'node:fs'
import {
  type DefinitionNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  isNonNullType,
  type ObjectTypeDefinitionNode,
  parse,
  print,
  visit,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema, sdl } from '../../src/schema/schema.ts'

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** What the contract has and this version has not; a type or field stands for all that is in it. */
const notYet: string[] = []

describe('the schema', () => {
  it('is printed in schema.graphql as it is (npm run codegen prints it)', () => {
    expect(read('../../src/schema/schema.graphql')).toBe(sdl())
  })

  it('describes every type, field, argument, enum value and input field', () => {
    expect(undescribed()).toEqual([])
  })

  it('has an `id` in nodes alone, since caches take objects of one type and id for the same, and in models, whose ids are unique', () => {
    const withId = parse(sdl()).definitions.filter(
      (definition) =>
        definition.kind === 'ObjectTypeDefinition' && definition.fields?.some(({ name }) => name.value === 'id'),
    ) as ObjectTypeDefinitionNode[]
    const others = withId.filter(({ interfaces }) => !interfaces?.some(({ name }) => name.value === 'Node'))
    expect(others.map(({ name }) => name.value)).toEqual(['Model'])
  })

  it('has no mutation whose failure would take the others with it', () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {})
    expect(fields.filter(({ type }) => isNonNullType(type)).map(({ name }) => name)).toEqual([])
  })

  it('has all that the contract promises, but for what is not there yet', () => {
    const ours = new Set(promises(parse(sdl())))
    const lacking = promises(parse(read('./contract.graphql'))).filter((promise) => !ours.has(promise))
    const isPartOfLacking = (promise: string) =>
      lacking.some((whole) => promise.startsWith(whole) && /^[.:( ]/.test(promise.slice(whole.length)))
    expect(lacking.filter((promise) => !isPartOfLacking(promise)).sort()).toEqual([...notYet].sort())
  })
})

/** With their lines in schema.graphql. */
function undescribed(): string[] {
  const places: string[] = []
  visit(parse(sdl()), {
    enter(node) {
      if (!/Definition$/.test(node.kind) || !('name' in node) || !node.name) return
      if ('description' in node && node.description?.value.trim()) return
      places.push(`${node.loc?.startToken.line}: ${node.name.value}`)
    },
  })
  return places
}

/** One line for each thing that a client may rely on. */
function promises(document: DocumentNode): string[] {
  return document.definitions.flatMap(promisesOf)
}

function promisesOf(definition: DefinitionNode): string[] {
  if (!('name' in definition) || definition.name === undefined) return []
  const name = definition.name.value
  switch (definition.kind) {
    case 'ObjectTypeDefinition':
    case 'InterfaceTypeDefinition':
      return [
        name,
        ...(definition.interfaces ?? []).map((parent) => `${name} implements ${parent.name.value}`),
        ...(definition.fields ?? []).flatMap((field) => promisesOfField(name, field)),
      ]
    case 'InputObjectTypeDefinition':
      return [
        name,
        ...(definition.directives ?? []).map((directive) => `${name} ${print(directive)}`),
        ...(definition.fields ?? []).map((field) => `${name}.${inputOf(field)}`),
      ]
    case 'EnumTypeDefinition':
      return [name, ...(definition.values ?? []).map((value) => `${name}.${value.name.value}`)]
    case 'UnionTypeDefinition':
      return [name, ...(definition.types ?? []).map((type) => `${name} may be ${type.name.value}`)]
    default:
      return [name]
  }
}

function promisesOfField(typeName: string, field: FieldDefinitionNode): string[] {
  const place = `${typeName}.${field.name.value}`
  const args = (field.arguments ?? []).map((argument) => `${place}(${inputOf(argument)})`)
  return [place, `${place}: ${print(field.type)}`, ...args]
}

function inputOf({ name, type, defaultValue }: InputValueDefinitionNode): string {
  return `${name.value}: ${print(type)}${defaultValue ? ` = ${print(defaultValue)}` : ''}`
}
