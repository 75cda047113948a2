// Our packing, unpacking and copying against GNU tar and cp -a, interleaved in one run. The packages have to be built.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareTrees, copyTree, measureTree, packTree, unpackTree } from '../packages/file-tree/dist/index.js'
import { quantile, time } from './measure.mjs'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const parent = process.env.BENCH_DIR ?? tmpdir()
const files = Number(process.env.BENCH_FILES ?? 10_000)
const largeBytes = Number(process.env.BENCH_LARGE_BYTES ?? 512 * 1024 * 1024)

const folder = mkdtempSync(join(parent, 'pouch-bench-tree-'))
try {
  const small = join(folder, 'small')
  for (let index = 0; index < files; index += 1) {
    if (index % 100 === 0) mkdirSync(join(small, `dir-${index / 100}`), { recursive: true })
    writeFileSync(join(small, `dir-${Math.floor(index / 100)}`, `file-${index}`), 'x'.repeat(100 + (index % 4000)))
  }
  const large = join(folder, 'large')
  mkdirSync(large)
  writeFileSync(join(large, 'file'), Buffer.alloc(largeBytes, 'pouch'))
  const subjects = [
    { name: 'small files', root: small, amount: files, unit: 'files/s' },
    { name: 'a large file', root: large, amount: largeBytes / 1e6, unit: 'MB/s' },
  ]
  for (const subject of subjects) await bench(subject)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function bench({ name, root, amount, unit }) {
  const target = join(folder, 'target')
  const tar = ['--format=posix', '--xattrs', '--acls', '-S', '-C', root, '.']
  const shell = (script, ...args) => execFileSync('sh', ['-c', script, 'sh', ...args], { stdio: 'ignore' })
  const works = {
    'pack: ours': async () => {
      let bytes = 0
      for await (const chunk of packTree(root)) bytes += chunk.length
      return bytes
    },
    'pack: GNU tar': () => shell('tar -cf - "$@" | cat > /dev/null', ...tar),
    'pack and unpack: ours': async () => await unpackTree(target, packTree(root)),
    'pack and unpack: GNU tar': () =>
      shell('to=$1; shift; tar -cf - "$@" | tar -xpf - --xattrs --acls -C "$to" && sync -f "$to"', target, ...tar),
    'copy: ours': async () => await copyTree(root, target),
    'copy: cp -a': () => shell('cp -a "$1/." "$2" && sync -f "$2"', root, target),
    'compare: ours': async () => await compareTrees(root, root),
    'measure: ours': async () => await measureTree(root),
    'measure: du': () => shell('du -s "$1"', root),
  }
  const times = new Map(Object.keys(works).map((work) => [work, []]))
  for (let each = 0; each <= rounds; each += 1) {
    for (const [work, run] of Object.entries(works)) {
      mkdirSync(target)
      const tookMs = await time(run)
      // The first round warms the page cache and the compiler.
      if (each > 0) times.get(work).push(tookMs)
      rmSync(target, { recursive: true })
    }
  }
  console.log(`\n${name}, median of ${rounds}`)
  for (const [work, all] of times) {
    const ms = quantile(all, 0.5)
    console.log(
      `  ${work.padEnd(26)} ${ms.toFixed(0).padStart(9)} ms ${String(Math.round((amount * 1000) / ms)).padStart(9)} ${unit}`,
    )
  }
}
