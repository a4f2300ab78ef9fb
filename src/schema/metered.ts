import {
  defaultFieldResolver,
  type ExecutionArgs,
  type ExecutionResult,
  execute,
  GraphQLError,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  isIntrospectionType,
  isLeafType,
  isObjectType,
} from 'graphql'
import type { ErrorCode } from './client-error.ts'
import { objectTypesOf, weightOf } from './cost.ts'

/** The maximum number of characters in all texts of one result. */
const maxTextBytes = 32 * 1024 * 1024

/** Counts the objects and texts that one execution makes. */
export interface Meter {
  /** Set when the execution has exceeded its budget. From then on no resolver runs. */
  refusal: GraphQLError | null
  countObjects(weight: number): void
  countText(length: number): void
}

export function createMeter(budget: number): Meter {
  let cost = 0
  let text = 0
  // graphql-js passes on an error that has a path. For one without a path it would make a new error, with a stack trace, for
  // each field.
  const refuse = (message: string, more: object) =>
    new GraphQLError(message, { path: [], extensions: { code: 'COST_EXCEEDED' satisfies ErrorCode, ...more } })
  const meter: Meter = {
    refusal: null,
    countObjects(weight) {
      cost += weight
      if (cost <= budget) return
      meter.refusal ??= refuse(
        `The result has more objects than its budget of ${budget} allows: request fewer items.`,
        { budget },
      )
      throw meter.refusal
    },
    countText(length) {
      text += length
      if (text <= maxTextBytes) return
      const limit = maxTextBytes / 1024 / 1024
      meter.refusal ??= refuse(`The result has more than ${limit} MB of text: ask for fewer items.`, {
        maxBytes: maxTextBytes,
      })
      throw meter.refusal
    },
  }
  return meter
}

/**
 * The context of the operation and the meter of this execution. A subscription has one execution, and so one meter, for each
 * event.
 */
export interface Metered {
  meter: Meter
}

/**
 * Executes an operation within the budget, on a schema that `metered` has prepared. The objects that are really made are
 * counted by their weights, and the texts by their lengths. Beyond the budget no further resolver runs, and the result is one
 * error.
 */
export async function executeWithin(budget: number, args: ExecutionArgs): Promise<ExecutionResult> {
  const meter = createMeter(budget)
  const contextValue: Metered = { ...(args.contextValue as object), meter }
  const result = await execute({ ...args, contextValue })
  if (meter.refusal === null) return result
  // The error is about the whole operation, not about the field at which the budget was exceeded.
  const { message, extensions } = meter.refusal
  return { errors: [new GraphQLError(message, { extensions })], data: null }
}

/** Makes every resolver count what it returns. Introspection is not counted, because all schemas share its types. */
export function metered(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type)) continue
    for (const field of Object.values(type.getFields())) meterField(field, counterOf(schema, field))
  }
  return schema
}

const directResolvers = new WeakSet<object>()

/** Whether the resolver uses only the parent, the arguments and the meter, so that it can run without an execution. */
export function isDirect(resolve: object): boolean {
  return directResolvers.has(resolve)
}

function meterField(field: GraphQLField<unknown, Metered>, count: Count): void {
  const resolve = field.resolve ?? defaultFieldResolver
  field.resolve = (source, args, context, info) => {
    const { meter } = context
    if (meter.refusal) throw meter.refusal
    const value: unknown = resolve(source, args, context, info)
    if (value instanceof Promise) return value.then((resolved) => count(meter, resolved))
    return count(meter, value)
  }
  // A resolver without a parameter for the context does not use it, because no resolver here has default values or rest
  // parameters.
  if (resolve === defaultFieldResolver || resolve.length <= 2) directResolvers.add(field.resolve)
}

/** Counts the value, and returns it. */
type Count = <Value>(meter: Meter, value: Value) => Value

function counterOf(schema: GraphQLSchema, { type }: GraphQLField<unknown, unknown>): Count {
  const named = getNamedType(type)
  if (isLeafType(named)) {
    return (meter, value) => {
      meter.countText(lengthOf(value))
      return value
    }
  }
  // This is no more than the static cost of the object, whichever of the possible types it has.
  const weight = Math.max(...objectTypesOf(schema, named).map(weightOf))
  return (meter, value) => {
    meter.countObjects(
      Array.isArray(value) ? value.length * weight : value === null || value === undefined ? 0 : weight,
    )
    return value
  }
}

/** The length of a text, or of all texts and keys in a JSON value. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  let length = 0
  // Without recursion, because a model may nest JSON to any depth.
  const left = [value]
  while (left.length > 0) {
    const next = left.pop()
    length += typeof next === 'string' ? next.length : 1
    if (typeof next !== 'object' || next === null) continue
    for (const [key, item] of Object.entries(next)) {
      length += key.length
      left.push(item)
    }
  }
  return length
}
