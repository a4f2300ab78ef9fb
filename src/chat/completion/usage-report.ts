import type { Store } from '../../store/store.ts'
import type { UsageBucket, UsageDimension } from '../../store/usage/usage.ts'
import { invalidInput } from '../access/error.ts'
import { createReadSlots } from '../access/read-slots.ts'
import type { User } from '../access/viewer.ts'

export type { UsageBucket, UsageDimension } from '../../store/usage/usage.ts'

export interface UsageRequest {
  from?: Date | null
  /** The first time that is not included. */
  to?: Date | null
  groupBy?: readonly UsageDimension[] | null
  conversationId: string | null
  timeZone?: string | null
}

/**
 * Reads the usage of ended completions: those that the viewer requested, or those of everybody in one conversation. It is empty
 * if the viewer is not a participant of that conversation. Throws INVALID_INPUT. The read is cancelled when the signal aborts.
 */
export type ReadUsage = (viewer: User, request: UsageRequest, signal: AbortSignal) => Promise<UsageBucket[]>

export const maxBuckets = 1_000

/** Matches neither an offset, whose sign Postgres inverts, nor a text that is longer than every name. */
const zoneForm = /^[A-Za-z][\w+/-]{0,63}$/

function isTimeZone(name: string): boolean {
  if (!zoneForm.test(name)) return false
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}

export function createReadUsage(store: Store): ReadUsage {
  const slots = createReadSlots('ask for the usage')
  const unknownZone = () => invalidInput('timeZone', 'takes the name of a time zone such as Europe/Berlin')

  return async (viewer, request, signal) => {
    const { from = null, to = null, conversationId, timeZone } = request
    if (from !== null && to !== null && from >= to) throw invalidInput('to', 'takes a time after `from`')
    const zone = timeZone ?? 'UTC'
    if (!isTimeZone(zone)) throw unknownZone()
    const groupBy = new Set(request.groupBy ?? [])
    const query = { from, to, groupBy, timeZone: zone, conversationId, take: maxBuckets + 1 }
    const buckets = await slots.within(viewer, () => store.usages.buckets(viewer.id, query, signal))
    if (buckets === null) throw unknownZone()
    if (buckets.length > maxBuckets) {
      throw invalidInput('groupBy', `gives more than ${maxBuckets} buckets: take a shorter time, or fewer dimensions`)
    }
    return buckets
  }
}
