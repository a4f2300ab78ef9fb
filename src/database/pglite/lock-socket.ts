import { constants } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, and libuv cuts off what is longer.
const maxPathBytes = 103

/**
 * A socket in a folder is a lock that the kernel keeps: while its process lives, stopped or not, it takes connections, from
 * all containers that have the folder; with the process it is gone. Answers what gives it up; null where the folder takes no sockets.
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

/** Whether its process lives, on this kernel; null where that cannot be told. */
export async function isListeningInFolder(folder: string, name: string): Promise<boolean | null> {
  try {
    await withShortPath(folder, name, connection)
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // So many wait to be taken that no more fit in.
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
