// Lets a child process run the sources: Node 20 reads no TypeScript, and nothing has to be built for a test.
// What was translated is kept in the folder POUCH_TEST_CACHE, since TypeScript alone takes seconds to load.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'

const packages = new URL('../../../', import.meta.url)

if (process.env.POUCH_TEST_LOADER === undefined) {
  process.env.POUCH_TEST_LOADER = 'registered'
  register(import.meta.url)
}

export function resolve(specifier, context, next) {
  const own = /^@pouch\/([a-z-]+)$/.exec(specifier)
  if (own !== null)
    return { url: new URL(`${own[1]}/src/index.ts`, packages).href, format: 'module', shortCircuit: true }
  const isSource = context.parentURL?.endsWith('.ts') === true && /^\.{1,2}\/.*\.js$/.test(specifier)
  if (!isSource) return next(specifier, context)
  const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href
  return { url, format: 'module', shortCircuit: true }
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const cached = `${process.env.POUCH_TEST_CACHE}/${createHash('sha256').update(url).digest('hex')}.js`
  if (!existsSync(cached)) writeFileSync(cached, await translate(readFileSync(fileURLToPath(url), 'utf8')))
  return { format: 'module', source: readFileSync(cached, 'utf8'), shortCircuit: true }
}

async function translate(source) {
  const { default: ts } = await import('typescript')
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true }
  return ts.transpileModule(source, { compilerOptions }).outputText
}
