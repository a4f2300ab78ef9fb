import { afterAll } from 'vitest'
import { stopServers } from './server.ts'

// The test files of a worker share their modules, so a hook in one of those would run only after the first file.
afterAll(stopServers)
