import type { IncomingMessage } from 'node:http'
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { clientError } from '../../schema/client-error.ts'

/** How many WebSockets may be open at once at this process. */
export interface SocketLimitSettings {
  maxSockets: number
  socketsPerUser: number
  socketsPerAddress: number
}

export interface SocketLimits {
  /** The HTTP status with which one more WebSocket is refused; null if it is allowed. */
  refusalOf(request: IncomingMessage): string | null
  /** Counts a socket that was opened. */
  open(request: IncomingMessage): SocketShare
}

export interface SocketShare {
  /** Counts the socket for its user, too. Throws an error with the code UNAVAILABLE if the user has the maximum already. */
  signIn(subject: string): void
  close(): void
}

// A connection from this machine comes from its owner, or from a proxy, behind which all clients have the same address.
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export function createSocketLimits(settings: SocketLimitSettings): SocketLimits {
  const addresses = createCounter(settings.socketsPerAddress)
  const users = createCounter(settings.socketsPerUser)
  let open = 0

  return {
    refusalOf(request) {
      if (open >= settings.maxSockets) return '503 Service Unavailable'
      const network = networkOf(request)
      return network === null || addresses.hasRoom(network) ? null : '429 Too Many Requests'
    },
    open(request) {
      const network = networkOf(request)
      let user: string | null = null
      open += 1
      if (network !== null) addresses.add(network)
      return {
        signIn(subject) {
          if (!users.hasRoom(subject)) {
            const message = `You may have ${settings.socketsPerUser} WebSockets open at once.`
            throw clientError('UNAVAILABLE', message)
          }
          users.add(subject)
          user = subject
        },
        close() {
          open -= 1
          if (network !== null) addresses.remove(network)
          if (user !== null) users.remove(user)
        },
      }
    },
  }
}

function createCounter(most: number) {
  const counts = new Map<string, number>()
  return {
    hasRoom: (key: string) => (counts.get(key) ?? 0) < most,
    add: (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1),
    remove(key: string) {
      const left = (counts.get(key) ?? 0) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    },
  }
}

/**
 * The part of an address that belongs to one client: of IPv6 the first 64 bits. null for loopback, and if the client has left.
 */
function networkOf({ socket: { remoteAddress = '' } }: IncomingMessage): string | null {
  // A socket that accepts both IP versions reports an IPv4 address in this form.
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/, '')
  if (isIPv4(address)) return loopback.check(address, 'ipv4') ? null : address
  if (!isIPv6(address) || loopback.check(address, 'ipv6')) return null
  return groupsOf(address).slice(0, 4).join(':')
}

/** The eight groups of an IPv6 address, in which `::` stands for the missing zeros. */
function groupsOf(address: string): string[] {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''))
  return [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail]
}
