import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

// A path in sockaddr_un can have 104 bytes on macOS and 108 on Linux, and libuv truncates longer paths.
const maxPathBytes = 103

/**
 * A socket in a folder is a lock that the kernel maintains. While its process lives, even suspended, the socket accepts
 * connections from all containers that share the folder, and it closes when the process ends. Returns the function that
 * releases the lock, or null if the folder does not support sockets.
 */
export async function listenInFolder(folder: string, name: string): Promise<(() => Promise<void>) | null> {
  const server = createServer((socket) => socket.destroy()).unref()
  try {
    await withShortPath(folder, name, (path) => listening(server, path))
  } catch {
    return null
  }
  return async () => {
    server.close()
    await rm(join(folder, name), { force: true })
  }
}

/** Whether a living process on this kernel listens on the socket; null if that cannot be determined. */
export async function isListeningInFolder(folder: string, name: string): Promise<boolean | null> {
  try {
    await withShortPath(folder, name, connection)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // The socket's queue of pending connections is full, so the process lives.
    if (code === 'EAGAIN') return true
    return code === 'ECONNREFUSED' || code === 'ENOENT' ? false : null
  }
}

async function withShortPath(folder: string, name: string, work: (path: string) => Promise<void>): Promise<void> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= maxPathBytes) return work(path)
  if (process.platform !== 'linux') throw new Error(`${path} is too long for a socket`)
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await work(`/proc/self/fd/${handle.fd}/${name}`)
  } finally {
    await handle.close()
  }
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
}

function connection(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve()
    }).once('error', reject)
  })
}
