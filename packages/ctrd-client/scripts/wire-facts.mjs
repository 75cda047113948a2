// What a set of protos says on the wire: numbers, types and labels of fields, values of enums, shapes of methods.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { buf } from './buf.mjs'

const go = '/usr/share/gocode/src'
const containerd = 'github.com/containerd/containerd'

// Where Debian keeps each file, by the path that the others import it with.
const debianFiles = {
  'gogoproto/gogo.proto': 'github.com/gogo/protobuf/gogoproto/gogo.proto',
  'google/rpc/status.proto': 'github.com/gogo/googleapis/google/rpc/status.proto',
  [`${containerd}/protobuf/plugin/fieldpath.proto`]: `${containerd}/protobuf/plugin/fieldpath.proto`,
  [`${containerd}/runtime/v2/runc/options/oci.proto`]: `${containerd}/runtime/v2/runc/options/oci.proto`,
}
const debianFolders = ['api/types', 'api/services', 'api/events']

/** Whether Debian's golang-github-containerd-containerd-dev is installed. */
export function hasDebianProtos() {
  return (
    existsSync(join(go, containerd, 'api')) && Object.values(debianFiles).every((file) => existsSync(join(go, file)))
  )
}

/** The facts of this package's protos. */
export function ownFacts() {
  return factsOf(join(import.meta.dirname, '..', 'proto'))
}

/** The facts of Debian's protos. */
export function debianFacts() {
  const folder = mkdtempSync(join(tmpdir(), 'ctrd-debian-protos-'))
  try {
    for (const [path, file] of Object.entries(debianFiles)) copy(join(go, file), join(folder, path))
    for (const name of debianFolders) {
      const from = join(go, containerd, name)
      for (const file of readdirSync(from, { recursive: true })) {
        if (file.endsWith('.proto')) copy(join(from, file), join(folder, containerd, name, file))
      }
    }
    return factsOf(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Those of `facts` whose names `names` has too. */
export function restrict(facts, names) {
  const kept = {}
  for (const kind of Object.keys(names)) {
    kept[kind] = {}
    for (const [name, members] of Object.entries(names[kind])) {
      const found = facts[kind][name] ?? {}
      kept[kind][name] = Object.fromEntries(Object.keys(members).map((member) => [member, found[member] ?? 'absent']))
    }
  }
  return kept
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

function factsOf(folder) {
  const set = fromBinary(FileDescriptorSetSchema, buf(['build', folder, '-o', '-#format=binpb'], folder))
  const facts = { messages: {}, enums: {}, services: {} }
  for (const file of set.file) {
    if (file.package.startsWith('google.protobuf') || file.package === 'gogoproto') continue
    for (const message of file.messageType) addMessage(facts, file.package, message)
    for (const type of file.enumType) addEnum(facts, file.package, type)
    for (const service of file.service) addService(facts, file.package, service)
  }
  return facts
}

function addMessage(facts, scope, message) {
  const name = `${scope}.${message.name}`
  facts.messages[name] = Object.fromEntries(message.field.map((field) => [field.name, describeField(field)]))
  for (const type of message.enumType) addEnum(facts, name, type)
  for (const nested of message.nestedType) addMessage(facts, name, nested)
}

function describeField(field) {
  const label = field.label === FieldDescriptorProto_Label.REPEATED ? 'repeated ' : ''
  const type = FieldDescriptorProto_Type[field.type].toLowerCase()
  return `${field.number} ${label}${type}${field.typeName}`
}

function addEnum(facts, scope, type) {
  facts.enums[`${scope}.${type.name}`] = Object.fromEntries(type.value.map(({ name, number }) => [name, number]))
}

function addService(facts, scope, service) {
  facts.services[`${scope}.${service.name}`] = Object.fromEntries(
    service.method.map((method) => [method.name, describeMethod(method)]),
  )
}

function describeMethod({ inputType, outputType, clientStreaming, serverStreaming }) {
  const stream = (isStream) => (isStream ? 'stream ' : '')
  return `${stream(clientStreaming)}${inputType} -> ${stream(serverStreaming)}${outputType}`
}
