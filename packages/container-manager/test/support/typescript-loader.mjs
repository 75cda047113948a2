// Node 20 reads no TypeScript: this lets a test start a program of the sources in a process that it can kill.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'

const packages = new URL('../../../', import.meta.url)
const cache = process.env.POUCH_TEST_CACHE

if (process.env.POUCH_LOADER_WORKS !== '1') {
  process.env.POUCH_LOADER_WORKS = '1'
  register(import.meta.url)
}

export function resolve(specifier, context, next) {
  const [, name, door = 'index'] = /^@pouch\/([a-z-]+)(?:\/([a-z-]+))?$/.exec(specifier) ?? []
  if (name !== undefined)
    return { url: new URL(`${name}/src/${door}.ts`, packages).href, format: 'module', shortCircuit: true }
  if (!context.parentURL?.endsWith('.ts') || !/^\.{1,2}\/.*\.js$/.test(specifier)) return next(specifier, context)
  return {
    url: new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href,
    format: 'module',
    shortCircuit: true,
  }
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context)
  const source = readFileSync(fileURLToPath(url), 'utf8')
  const translated = `${cache}/${createHash('sha256').update(source).digest('hex')}.js`
  if (!existsSync(translated)) {
    const { default: ts } = await import('typescript')
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true },
    })
    writeFileSync(`${translated}.${process.pid}`, outputText)
    renameSync(`${translated}.${process.pid}`, translated)
  }
  return { format: 'module', source: readFileSync(translated, 'utf8'), shortCircuit: true }
}
