export { createEmitter, type EventMap, type ListenerErrorHandler, type TypedEmitter } from './emitter.js'
