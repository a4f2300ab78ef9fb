import type { DocumentNode } from 'graphql'

export interface DocumentCache {
  get(text: string): DocumentNode | undefined
  set(text: string, document: DocumentNode): void
}

/** Keeps the documents used last, while their texts together stay below the limit: a tree takes some 40 times its text. */
export function createDocumentCache(maxCharacters = 500_000): DocumentCache {
  const documents = new Map<string, DocumentNode>()
  let characters = 0
  return {
    get(text) {
      const document = documents.get(text)
      if (!document) return undefined
      // A Map keeps the order of insertion, so the first entry is the one unused for longest.
      documents.delete(text)
      documents.set(text, document)
      return document
    },
    set(text, document) {
      if (documents.has(text)) return
      documents.set(text, document)
      characters += text.length
      for (const oldest of documents.keys()) {
        if (characters <= maxCharacters) return
        documents.delete(oldest)
        characters -= oldest.length
      }
    },
  }
}
