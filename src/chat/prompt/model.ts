import type { Model } from '../../upstream/models.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import { text } from '../access/input-check.ts'
import type { User } from '../access/viewer.ts'

export type { Model } from '../../upstream/models.ts'

export interface Models {
  /** The models of all upstreams, at most the first `maxModels`. */
  list(viewer: User): Promise<Model[]>
}

export const modelName = text(256, 1)

/** Well above the timeout after which the list of an upstream is left out. */
const listMs = 10_000

export const maxModels = 1_000

export function createModels(upstreams: Upstreams): Models {
  return { list: async () => (await upstreams.models(AbortSignal.timeout(listMs))).slice(0, maxModels) }
}
