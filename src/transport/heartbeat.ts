import type { WebSocket } from 'ws'

const beatMs = 10_000
const maxSilentBeats = 3

export interface Heartbeat {
  watch(socket: WebSocket): void
  stop(): void
}

/** Pings every socket, and closes a socket that has answered no ping for 30 s: its peer is gone or has stopped reading. */
export function startHeartbeat(): Heartbeat {
  const silentBeats = new Map<WebSocket, number>()
  const timer = setInterval(() => {
    for (const [socket, beats] of silentBeats) {
      if (beats >= maxSilentBeats) socket.terminate()
      else socket.ping()
      silentBeats.set(socket, beats + 1)
    }
  }, beatMs)
  return {
    watch(socket) {
      const heard = () => silentBeats.set(socket, 0)
      heard()
      // Only pongs count, not messages: a peer that sends but never reads would otherwise be kept for ever.
      socket.on('pong', heard)
      socket.once('close', () => silentBeats.delete(socket))
    },
    stop: () => clearInterval(timer),
  }
}
