import { spawnSync } from 'node:child_process'

/**
 * Runs a command in a separate process namespace, as in a container. There it is process 1, which gets no signal for which it
 * has no handler, and all other processes of the namespace end with it.
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
