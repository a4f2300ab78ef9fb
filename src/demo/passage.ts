/** The model's knowledge of one thing: words with which people ask for it, and an answer that ends in prose. */
export interface Passage {
  asks: string
  says: string
}

export const prose = (...sentences: string[]) => sentences.join(' ')

export const code = (language: string, ...lines: string[]) => [`\`\`\`${language}`, ...lines, '```'].join('\n')

export const paragraphs = (...blocks: string[]) => blocks.join('\n\n')
