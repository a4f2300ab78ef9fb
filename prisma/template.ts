import { buildTemplate } from '../src/database/template.ts'

console.log(await buildTemplate())
