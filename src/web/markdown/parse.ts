import type { Element, Root, RootContent } from 'hast'
import remarkGfm from 'remark-gfm'
import remarkMath from 'remark-math'
import remarkParse from 'remark-parse'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { withMathMarks } from './math.ts'

const parser = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkMath, { singleDollarTextMath: false })
  .use(remarkRehype, { allowDangerousHtml: true })

/** Returns the elements of a text in Markdown. HTML in it stays text. */
export function parse(text: string): Root {
  const root = parser.runSync(parser.parse(withMathMarks(text)))
  root.children = root.children.map(mended)
  return root
}

/** The text in each of these elements may have another direction than the page. */
const directed = new Set(['p', 'li', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'td', 'th', 'blockquote'])

function mended<Node extends RootContent | Element['children'][number]>(node: Node): Node {
  if (node.type === 'raw') return { type: 'text', value: node.value } as unknown as Node
  if (node.type !== 'element') return node
  if (directed.has(node.tagName)) node.properties['dir'] = 'auto'
  if (typeof node.properties['href'] === 'string' && !isSafe(node.properties['href'])) delete node.properties['href']
  node.children = node.children.map(mended)
  return node
}

const safeScheme = /^(?:https?|mailto|tel):/i

/** True for an address within the page, such as that of a footnote, and for a scheme that runs no code. */
function isSafe(href: string): boolean {
  return href.startsWith('#') || safeScheme.test(href)
}
