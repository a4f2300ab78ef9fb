import { openDatabase } from '../../src/database/database.ts'

// Run by a test as a process of its own: opens the data folder that it is given, says so, and lives as its parent does.
await openDatabase({ postgres: null, dataDir: String(process.argv[2]) })
process.send?.('open')
process.once('disconnect', () => process.exit())
