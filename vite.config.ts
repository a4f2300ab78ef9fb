import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

/**
 * Compresses each text file once, during the build, and puts the result beside it: the server sends what the browser accepts.
 */
function precompress(): Plugin {
  return {
    name: 'precompress',
    async writeBundle({ dir = '' }) {
      const names = await readdir(dir, { recursive: true })
      const texts = names.filter((name) => /\.(?:js|css|html|svg)$/.test(name))
      await Promise.all(texts.map((name) => compress(join(dir, name))))
    },
  }
}

async function compress(path: string): Promise<void> {
  const text = await readFile(path)
  const packed = [
    ['.br', await promisify(brotliCompress)(text)],
    ['.gz', await promisify(gzip)(text, { level: 9 })],
  ] as const
  for (const [suffix, bytes] of packed) if (bytes.length < text.length) await writeFile(`${path}${suffix}`, bytes)
}

export default defineConfig({
  root: 'src/web',
  plugins: [react(), precompress()],
  // The package's version for browsers needs a document, which a worker does not have.
  resolve: {
    alias: {
      'decode-named-character-reference': fileURLToPath(import.meta.resolve('decode-named-character-reference')),
    },
  },
  build: {
    outDir: '../../.build/web',
    emptyOutDir: true,
    // The page's policy does not allow `data:` URLs, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/graphql': { target: 'http://127.0.0.1:4000', ws: true } } },
})
