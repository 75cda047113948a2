import type { DriverEntry } from '@pouch/driver-loader'
import { pluginDirectories } from '@pouch/volume-plugin-client'

/** All that a daemon can be told. A flag, a key of the configuration file and a field here are one thing; drivers have no flag. */
export interface Settings {
  /** Where everything is kept; made with mode 0710. */
  readonly homeDir: string
  /** Addresses as `parseListenAddress` reads them. */
  readonly listen: readonly string[]
  /** The group that owns unix sockets: a name or a number; root's unless given. */
  readonly group: string | undefined
  /** The socket of a containerd that runs already; without it the daemon runs one of its own. */
  readonly containerd: string | undefined
  /** The containerd namespace. */
  readonly namespace: string
  readonly snapshotter: string
  readonly store: StoreKind
  /** The driver of volumes that name none. */
  readonly defaultDriver: string
  /** Where Docker volume plugins are looked for, absolute. */
  readonly pluginDirs: readonly string[]
  /** Registries that are spoken to over plain http, or https with any certificate: `host` or `host:port`. */
  readonly insecureRegistry: readonly string[]
  readonly tlscacert: string | undefined
  readonly tlscert: string | undefined
  readonly tlskey: string | undefined
  /** Allow tcp addresses without TLS: whoever reaches the port is root on this host. */
  readonly insecure: boolean
  readonly logLevel: LogLevel
  readonly pidfile: string | undefined
  /** Volume drivers from packages, besides those that come with the daemon. */
  readonly drivers: readonly DriverEntry[]
}

/** Where metadata is kept: `node-sqlite` needs a Node that has it, `memory` forgets everything when the daemon ends. */
export type StoreKind = 'sqlite' | 'node-sqlite' | 'memory'

/** pino's levels. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** The kind of a setting's value. */
export type SettingKind = 'text' | 'list' | 'boolean'

/** One setting: how it is written and what it means. */
export interface SettingSpec {
  readonly field: Exclude<keyof Settings, 'drivers'>
  /** The long flag and the key of the configuration file. */
  readonly name: string
  readonly short?: string
  readonly kind: SettingKind
  readonly default?: string | readonly string[] | boolean
  readonly values?: readonly string[]
  /** What stands for the value in the help. */
  readonly placeholder?: string
  readonly help: string
}

/** Every setting. Help, flags and the configuration file are read off this table. */
export const settingSpecs: readonly SettingSpec[] = Object.freeze([
  {
    field: 'homeDir',
    name: 'home-dir',
    kind: 'text',
    default: '/var/lib/pouch',
    placeholder: 'DIR',
    help: 'where volumes, containers and metadata are kept',
  },
  {
    field: 'listen',
    name: 'listen',
    short: 'l',
    kind: 'list',
    default: ['unix:///var/run/pouchd.sock'],
    placeholder: 'ADDRESS',
    help: 'unix:///path or tcp://host:port; may be repeated',
  },
  {
    field: 'group',
    name: 'group',
    kind: 'text',
    placeholder: 'GROUP',
    help: 'the group that may use unix sockets, by name or number',
  },
  {
    field: 'containerd',
    name: 'containerd',
    kind: 'text',
    placeholder: 'SOCKET',
    help: 'use the containerd on this socket; without it the daemon runs one of its own under the home directory',
  },
  {
    field: 'namespace',
    name: 'namespace',
    kind: 'text',
    default: 'pouch',
    placeholder: 'NAME',
    help: 'the containerd namespace',
  },
  {
    field: 'snapshotter',
    name: 'snapshotter',
    kind: 'text',
    default: 'overlayfs',
    placeholder: 'NAME',
    help: 'the containerd snapshotter',
  },
  {
    field: 'store',
    name: 'store',
    kind: 'text',
    default: 'sqlite',
    values: ['sqlite', 'node-sqlite', 'memory'],
    placeholder: 'KIND',
    help: "where metadata is kept: sqlite, node-sqlite (Node's own), or memory, which forgets everything at the end",
  },
  {
    field: 'defaultDriver',
    name: 'default-driver',
    kind: 'text',
    default: 'local',
    placeholder: 'NAME',
    help: 'the driver of volumes that name none',
  },
  {
    field: 'pluginDirs',
    name: 'plugin-dir',
    kind: 'list',
    default: pluginDirectories,
    placeholder: 'DIR',
    help: 'look for Docker volume plugins in this directory; may be repeated',
  },
  {
    field: 'insecureRegistry',
    name: 'insecure-registry',
    kind: 'list',
    default: [],
    placeholder: 'HOST',
    help: 'pull from this registry over plain http too; may be repeated',
  },
  {
    field: 'tlscacert',
    name: 'tlscacert',
    kind: 'text',
    placeholder: 'FILE',
    help: 'the authority that signed the clients of tcp addresses',
  },
  { field: 'tlscert', name: 'tlscert', kind: 'text', placeholder: 'FILE', help: 'the certificate of this daemon' },
  { field: 'tlskey', name: 'tlskey', kind: 'text', placeholder: 'FILE', help: 'the key of that certificate' },
  {
    field: 'insecure',
    name: 'insecure',
    kind: 'boolean',
    default: false,
    help: 'allow tcp addresses without TLS: whoever reaches the port is root on this host',
  },
  {
    field: 'logLevel',
    name: 'log-level',
    kind: 'text',
    default: 'info',
    values: ['debug', 'info', 'warn', 'error'],
    placeholder: 'LEVEL',
    help: 'debug, info, warn or error',
  },
  { field: 'pidfile', name: 'pidfile', kind: 'text', placeholder: 'FILE', help: 'write the process id to this file' },
] as const)
