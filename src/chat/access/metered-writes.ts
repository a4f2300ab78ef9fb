import { byteSize } from './byte-size.ts'
import type { Limits } from './limits.ts'
import type { User } from './viewer.ts'

type Insert = (viewer: User, ...given: never[]) => Promise<unknown>
type WriteOf<Service> = { [Name in keyof Service]: Service[Name] extends Insert ? Name : never }[keyof Service]

/**
 * Returns the service with these methods metered: each call, and the bytes of its arguments, is counted before it does
 * anything.
 */
export function meteredWrites<Service extends object>(
  { takeWrite }: Limits,
  service: Service,
  ...names: WriteOf<Service>[]
): Service {
  const metered = names.map((name) => {
    const write = service[name] as (viewer: User, ...given: unknown[]) => Promise<unknown>
    const meteredWrite = async (viewer: User, ...given: unknown[]) => {
      await takeWrite(viewer, byteSize(given))
      return write(viewer, ...given)
    }
    return [name, meteredWrite]
  })
  return { ...service, ...Object.fromEntries(metered) }
}
