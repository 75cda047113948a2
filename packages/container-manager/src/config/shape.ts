import { refused } from './refused.js'

/** What a field of a configuration may hold. */
type Kind = 'string' | 'strings' | 'boolean' | 'integer' | 'number' | 'stringMap' | 'object' | 'objects'

const configFields: Readonly<Record<string, Kind>> = {
  image: 'string',
  command: 'strings',
  entrypoint: 'strings',
  env: 'strings',
  user: 'string',
  workingDir: 'string',
  hostname: 'string',
  domainname: 'string',
  labels: 'stringMap',
  consoleSize: 'object',
  tty: 'boolean',
  openStdin: 'boolean',
  stdinOnce: 'boolean',
  attachStdin: 'boolean',
  attachStdout: 'boolean',
  attachStderr: 'boolean',
  stopSignal: 'string',
  stopTimeoutSeconds: 'integer',
  exposedPorts: 'strings',
  volumes: 'strings',
  mounts: 'objects',
  tmpfs: 'stringMap',
  networkMode: 'string',
  extraHosts: 'strings',
  dns: 'strings',
  dnsSearch: 'strings',
  dnsOptions: 'strings',
  publishedPorts: 'object',
  autoRemove: 'boolean',
  readonlyRootfs: 'boolean',
  privileged: 'boolean',
  capAdd: 'strings',
  capDrop: 'strings',
  securityOpt: 'strings',
  resources: 'object',
  ulimits: 'objects',
  devices: 'objects',
  deviceCgroupRules: 'strings',
  shmSizeBytes: 'integer',
  init: 'boolean',
  groupAdd: 'strings',
  sysctls: 'stringMap',
  pidMode: 'string',
  ipcMode: 'string',
  utsMode: 'string',
  cgroupnsMode: 'string',
  cgroupParent: 'string',
  logConfig: 'object',
  maskedPaths: 'strings',
  readonlyPaths: 'strings',
  restartPolicy: 'object',
  annotations: 'stringMap',
  extra: 'object',
}

const mountFields: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  volume: {
    type: 'string',
    target: 'string',
    name: 'string',
    driver: 'string',
    options: 'stringMap',
    labels: 'stringMap',
    readOnly: 'boolean',
    noCopy: 'boolean',
    mode: 'string',
  },
  bind: {
    type: 'string',
    source: 'string',
    target: 'string',
    readOnly: 'boolean',
    propagation: 'string',
    createSource: 'boolean',
    nonRecursive: 'boolean',
    mode: 'string',
  },
  tmpfs: {
    type: 'string',
    target: 'string',
    readOnly: 'boolean',
    sizeBytes: 'integer',
    fileMode: 'integer',
    options: 'strings',
  },
}

const resourceFields: Readonly<Record<string, Kind>> = {
  memoryBytes: 'integer',
  memoryReservationBytes: 'integer',
  memorySwapBytes: 'integer',
  memorySwappiness: 'integer',
  cpuShares: 'integer',
  cpuQuota: 'integer',
  cpuPeriod: 'integer',
  nanoCpus: 'integer',
  cpusetCpus: 'string',
  cpusetMems: 'string',
  pidsLimit: 'integer',
  blkioWeight: 'integer',
  oomKillDisable: 'boolean',
  oomScoreAdj: 'integer',
}

const execFields: Readonly<Record<string, Kind>> = {
  command: 'strings',
  env: 'strings',
  user: 'string',
  workingDir: 'string',
  tty: 'boolean',
  privileged: 'boolean',
  attachStdin: 'boolean',
  attachStdout: 'boolean',
  attachStderr: 'boolean',
  detachKeys: 'string',
  consoleSize: 'object',
}

const extraBytes = 64 * 1024
const labelBytes = 128 * 1024

/** Checks that every field of a container's configuration is known and of its type. @throws PouchError `invalid-argument` */
export function checkConfigShape(config: unknown): void {
  checkFields(config, configFields, 'the configuration')
  const { mounts, resources, ulimits, devices, logConfig, restartPolicy, extra, labels } = config as Record<
    string,
    unknown
  >
  for (const mount of (mounts ?? []) as Record<string, unknown>[]) checkMountShape(mount)
  if (resources !== undefined) checkFields(resources, resourceFields, 'resources')
  for (const ulimit of (ulimits ?? []) as unknown[])
    checkFields(ulimit, { name: 'string', soft: 'integer', hard: 'integer' }, 'a ulimit')
  for (const device of (devices ?? []) as unknown[]) {
    checkFields(device, { pathOnHost: 'string', pathInContainer: 'string', permissions: 'string' }, 'a device')
  }
  if (logConfig !== undefined) checkFields(logConfig, { type: 'string', options: 'stringMap' }, 'logConfig')
  if (restartPolicy !== undefined)
    checkFields(restartPolicy, { name: 'string', maximumRetryCount: 'integer' }, 'restartPolicy')
  checkSize(extra, extraBytes, 'extra')
  checkSize(labels, labelBytes, 'labels')
}

/** Checks the fields of an exec's configuration. @throws PouchError `invalid-argument` */
export function checkExecShape(config: unknown): void {
  checkFields(config, execFields, 'the exec')
}

function checkMountShape(mount: Record<string, unknown>): void {
  const fields =
    typeof mount.type === 'string' && Object.hasOwn(mountFields, mount.type) ? mountFields[mount.type] : undefined
  if (fields === undefined) {
    throw refused(`invalid mount config for type "${String(mount.type ?? '')}": mount type unknown`, 'mounts')
  }
  checkFields(mount, fields, `a mount of type ${String(mount.type)}`)
}

function checkSize(value: unknown, maxBytes: number, field: string): void {
  if (value === undefined) return
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes > maxBytes) throw refused(`'${field}' is too large: ${bytes} bytes, ${maxBytes} at most`, field)
}

function checkFields(value: unknown, fields: Readonly<Record<string, Kind>>, where: string): void {
  if (!isObject(value)) throw refused(`${where} is not an object`, where)
  for (const [name, entry] of Object.entries(value)) {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (kind === undefined) throw refused(`${where} has an unknown field '${name}'`, name)
    if (entry === undefined) continue
    if (!kinds[kind](entry)) throw refused(`'${name}' in ${where} is not ${articles[kind]}`, name)
    if (holdsNul(entry)) throw refused(`'${name}' in ${where} holds a NUL character`, name)
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isString = (value: unknown): value is string => typeof value === 'string'

const kinds: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: isString,
  strings: (value) => Array.isArray(value) && value.every(isString),
  boolean: (value) => typeof value === 'boolean',
  integer: (value) => Number.isSafeInteger(value),
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  stringMap: (value) => isObject(value) && Object.values(value).every(isString),
  object: isObject,
  objects: (value) => Array.isArray(value) && value.every(isObject),
}

const articles: Readonly<Record<Kind, string>> = {
  string: 'a string',
  strings: 'a list of strings',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  stringMap: 'a map of strings',
  object: 'an object',
  objects: 'a list of objects',
}

function holdsNul(value: unknown): boolean {
  if (isString(value)) return value.includes('\0')
  if (Array.isArray(value)) return value.some(holdsNul)
  if (isObject(value)) return Object.entries(value).some(([key, entry]) => key.includes('\0') || holdsNul(entry))
  return false
}
