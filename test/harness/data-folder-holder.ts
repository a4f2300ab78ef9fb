import { openDatabase } from '../../src/database/database.ts'

// A test runs this as a separate process. It opens the given data folder, reports that, and lives as long as its parent.
await openDatabase({ postgres: null, dataDir: String(process.argv[2]) })
process.send?.('open')
process.once('disconnect', () => process.exit())
