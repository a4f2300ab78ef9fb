import type { WebSocket } from 'ws'

const beatMs = 10_000
const maxSilentBeats = 3

export interface Heartbeat {
  watch(socket: WebSocket): void
  stop(): void
}

/** Pings every socket, and cuts those that answered none for 30 s: a peer that is gone, or that reads nothing any more. */
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
      // Its messages prove nothing: who sends and never reads would be kept for ever.
      socket.on('pong', heard)
      socket.once('close', () => silentBeats.delete(socket))
    },
    stop: () => clearInterval(timer),
  }
}
