import { spawnSync } from 'node:child_process'

/**
 * Puts a command into a process namespace of its own, as a container is: there it is process 1, which gets no signal that it
 * has no handler for, and takes all others with it when it ends.
 */
export const inNamespace = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]

export function canMakeNamespaces(): boolean {
  const [program = '', ...options] = inNamespace
  return spawnSync(program, [...options, 'true']).status === 0
}
