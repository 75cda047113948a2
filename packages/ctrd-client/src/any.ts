import { PouchError } from '@pouch/errors'
import type { Any as WireAny } from './gen/google/protobuf/any.js'

/** A value with the name of its type, as containerd carries specs, options and events. */
export interface Any {
  readonly typeUrl: string
  readonly value: Uint8Array
}

/** Type names of the JSON values that containerd keeps. */
export const typeUrls = Object.freeze({
  /** The OCI runtime spec of a container. */
  spec: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
  /** The OCI process of an exec. */
  process: 'types.containerd.io/opencontainers/runtime-spec/1/Process',
  /** The OCI Linux resources of a task's update. */
  linuxResources: 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources',
  /** The runc shim's options. */
  runcOptions: 'containerd.runc.v1.Options',
})

/**
 * A value as JSON under a type's name: specs, processes, resources.
 *
 * @throws PouchError `invalid-argument` when the value has no JSON form
 */
export function encodeJsonAny(typeUrl: string, value: unknown): Any {
  const op = 'containerd.encode'
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new PouchError('invalid-argument', `a value of ${typeUrl} has no JSON form`, { op, subject: typeUrl, cause })
  }
  if (text === undefined) {
    throw new PouchError('invalid-argument', `a value of ${typeUrl} has no JSON form`, { op, subject: typeUrl })
  }
  return { typeUrl, value: Buffer.from(text) }
}

/**
 * What {@link encodeJsonAny} encoded. The caller checks its shape.
 *
 * @throws PouchError `corrupt` when the bytes are not JSON
 */
export function decodeJsonAny(any: Any): unknown {
  try {
    return JSON.parse(Buffer.from(any.value).toString('utf8'))
  } catch (cause) {
    const options = { op: 'containerd.decode', subject: any.typeUrl, cause }
    throw new PouchError('corrupt', `containerd holds a value of ${any.typeUrl} that is not JSON`, options)
  }
}

/** The wire's form, in which each field may be absent, as ours. */
export function fromWireAny(any: WireAny | undefined): Any {
  return { typeUrl: any?.typeUrl ?? '', value: any?.value ?? new Uint8Array(0) }
}

/** Our form as the wire's generated code takes it. */
export function toWireAny(any: Any): WireAny {
  const { buffer, byteOffset, byteLength } = any.value
  return { typeUrl: any.typeUrl, value: Buffer.from(buffer, byteOffset, byteLength) }
}
