import childProcess, { type ChildProcess } from 'node:child_process'
import promises, { type FileHandle } from 'node:fs/promises'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import type { FaultPlan } from './fault-plan.js'

type Callable = (...args: unknown[]) => unknown

/** What changes files, of `node:fs/promises`. */
const fileVerbs = [
  'appendFile',
  'chmod',
  'chown',
  'copyFile',
  'cp',
  'lchown',
  'link',
  'lutimes',
  'mkdir',
  'mkdtemp',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'writeFile',
]
const handleVerbs = ['appendFile', 'chmod', 'chown', 'datasync', 'sync', 'truncate', 'utimes', 'write', 'writeFile']
/** What only looks, of the C library. */
const readers =
  /^(access|close|fcntl|f?getxattr|fstat|fstatfs|flistxattr|flock|geteuid|l?listxattr|lgetxattr|lseek|open|p?read|statx?|statfs|readlink|fstatat|fgetxattr|openat|getdents|syscall)(at|64|at2)?$/

/**
 * Makes each change that this process asks of the system a step of a plan: by `node:fs/promises`, by the C library through koffi, and by
 * the programs that it starts. For a process of its own, before it opens anything.
 */
export async function makeSystemFaulty(plan: FaultPlan, modules: string): Promise<void> {
  const calls = promises as unknown as Record<string, Callable>
  for (const verb of fileVerbs) wrap(calls, verb, `fs.${verb}`, plan)
  const handle = await promises.open('/dev/null')
  const prototype = Object.getPrototypeOf(handle) as Record<string, Callable>
  await (handle as FileHandle).close()
  for (const verb of handleVerbs) wrap(prototype, verb, `file.${verb}`, plan)
  wrapSpawn(plan)
  wrapKoffi(plan, modules)
  syncBuiltinESMExports()
}

function wrap(owner: Record<string, Callable>, verb: string, step: string, plan: FaultPlan): void {
  const original = owner[verb]
  if (original === undefined) return
  owner[verb] = async function (this: unknown, ...args: unknown[]) {
    return await plan.around('system', step, async () => await Reflect.apply(original, this, args))
  }
}

function wrapSpawn(plan: FaultPlan): void {
  const owner = childProcess as unknown as Record<string, Callable>
  const original = owner.spawn as typeof childProcess.spawn
  owner.spawn = (...args: unknown[]) => {
    const step = `spawn ${String(args[0]).replace(/^.*\//, '')}`
    void plan.before('system', step)
    const child = Reflect.apply(original, childProcess, args) as ChildProcess
    // Before any listener of the caller's hears of it.
    child.prependOnceListener('exit', () => void plan.after('system', step))
    return child
  }
}

function wrapKoffi(plan: FaultPlan, modules: string): void {
  const koffi = createRequire(modules)('koffi') as { load: Callable }
  const load = koffi.load
  koffi.load = (...args: unknown[]) => {
    const library = Reflect.apply(load, koffi, args) as { func: Callable }
    return new Proxy(library, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target)
        if (typeof value !== 'function') return value
        if (key !== 'func') return value.bind(target)
        return (...declaration: unknown[]) => {
          const native = Reflect.apply(value, target, declaration) as Callable & { async: Callable }
          const name = String(declaration[0])
          return readers.test(name) ? native : watched(native, `libc.${name}`, plan)
        }
      },
    })
  }
}

function watched(native: Callable & { async: Callable }, step: string, plan: FaultPlan): unknown {
  const call = (...args: unknown[]) => {
    void plan.before('system', step)
    const result = native(...args)
    void plan.after('system', step)
    return result
  }
  const async = (...args: unknown[]) => {
    const settle = args.at(-1) as Callable
    void plan.before('system', step)
    native.async(...args.slice(0, -1), (...result: unknown[]) => {
      void plan.after('system', step)
      settle(...result)
    })
  }
  return Object.assign(call, { async })
}
