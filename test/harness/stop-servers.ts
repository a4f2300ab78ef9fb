import { afterAll } from 'vitest'
import { stopServers } from './server.ts'

// The files of a worker share their modules, so a hook in one of these would run after the first file alone.
afterAll(stopServers)
