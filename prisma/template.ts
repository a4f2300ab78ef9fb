import { buildTemplate } from '../src/store/template.ts'

console.log(await buildTemplate())
