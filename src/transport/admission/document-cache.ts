import type { DocumentNode } from 'graphql'
import { LRUCache } from 'lru-cache'

export interface DocumentCache {
  get(text: string): DocumentNode | undefined
  set(text: string, document: DocumentNode): void
}

/**
 * Keeps the documents that were used last, limited by the length of their texts: a syntax tree takes about 40 times as much
 * memory.
 */
export function createDocumentCache(maxCharacters = 500_000): DocumentCache {
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: maxCharacters,
    sizeCalculation: (_, text) => Math.max(1, text.length),
  })
  return {
    get: (text) => documents.get(text),
    set: (text, document) => void documents.set(text, document),
  }
}
