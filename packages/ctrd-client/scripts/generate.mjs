// Turns proto/*.proto into src/gen. It does nothing when neither the protos nor the tools changed since the last run,
// and swaps the finished folder in, so that programs which run it at the same time never see a half of it.
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { buf, packageFolder } from './buf.mjs'

const root = join(import.meta.dirname, '..')
const protos = join(root, 'proto')
const out = join(root, 'src', 'gen')
const stamp = join(out, 'inputs.sha256')

const options = [
  'outputServices=grpc-js',
  'esModuleInterop=true',
  'importSuffix=.js',
  'env=node',
  'useOptionals=all',
  'forceLong=bigint',
  'useDate=false',
  'outputJsonMethods=false',
  'outputPartialMethods=false',
  'outputClientImpl=false',
  'annotateFilesWithVersion=false',
]

function inputs() {
  const hash = createHash('sha256')
  hash.update(JSON.stringify(options))
  for (const name of ['@bufbuild/buf', 'ts-proto']) {
    hash.update(JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version)
  }
  for (const name of readdirSync(protos).sort())
    hash
      .update(name)
      .update('\0')
      .update(readFileSync(join(protos, name)))
  return hash.digest('hex')
}

function generate(target) {
  const plugin = [process.execPath, join(packageFolder('ts-proto'), 'protoc-gen-ts_proto')]
  const template = {
    version: 'v2',
    plugins: [{ local: plugin, out: target, opt: options, include_imports: true, include_wkt: true }],
  }
  buf(['generate', protos, '--template', JSON.stringify(template)], root)
}

function swapIn(made) {
  rmSync(out, { recursive: true, force: true })
  try {
    renameSync(made, out)
  } catch (error) {
    // Another run was faster; its output is the same as ours.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  }
}

const wanted = inputs()
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  mkdirSync(join(root, '.cache'), { recursive: true })
  const made = mkdtempSync(join(root, '.cache', 'gen-'))
  try {
    generate(made)
    writeFileSync(join(made, 'inputs.sha256'), wanted)
    swapIn(made)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}
