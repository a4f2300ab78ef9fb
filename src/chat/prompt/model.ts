import type { Model } from '../../upstream/models.ts'
import type { Upstreams } from '../../upstream/upstream.ts'
import { text } from '../access/input-check.ts'
import type { User } from '../access/viewer.ts'

export type { Model } from '../../upstream/models.ts'

export interface Models {
  /** The first `maxModels` of them. */
  list(viewer: User): Promise<Model[]>
}

/** As a person writes it. */
export const modelName = text(256, 1)

/** Well above what an upstream's list may take before it is left out. */
const listMs = 10_000

export const maxModels = 1_000

export function createModels(upstreams: Upstreams): Models {
  return { list: async () => (await upstreams.models(AbortSignal.timeout(listMs))).slice(0, maxModels) }
}
