import {
  TaskCreate,
  TaskDelete,
  TaskExecAdded,
  TaskExecStarted,
  TaskExit,
  TaskOOM,
  TaskPaused,
  TaskResumed,
  TaskStart,
} from './gen/task_events.js'
import type { Envelope } from './services/events-service.js'
import { toRfc3339 } from './timestamp.js'

/** An event of a task, decoded. `id` is the process's: the containerId for the first process, else the execId. */
export type TaskEvent =
  | { readonly topic: '/tasks/create'; readonly containerId: string; readonly pid: number; readonly bundle: string }
  | { readonly topic: '/tasks/start'; readonly containerId: string; readonly pid: number }
  | {
      readonly topic: '/tasks/exit' | '/tasks/delete'
      readonly containerId: string
      readonly id: string
      readonly pid: number
      readonly exitStatus: number
      /** RFC 3339 with nanoseconds; empty when unknown. */
      readonly exitedAt: string
    }
  | { readonly topic: '/tasks/oom' | '/tasks/paused' | '/tasks/resumed'; readonly containerId: string }
  | { readonly topic: '/tasks/exec-added'; readonly containerId: string; readonly execId: string }
  | {
      readonly topic: '/tasks/exec-started'
      readonly containerId: string
      readonly execId: string
      readonly pid: number
    }

/** Decodes an event of a task; undefined for every other event. */
export function decodeTaskEvent(envelope: Envelope): TaskEvent | undefined {
  const { topic } = envelope
  const bytes = envelope.event.value
  switch (topic) {
    case '/tasks/create': {
      const { containerId = '', pid = 0, bundle = '' } = TaskCreate.decode(bytes)
      return { topic, containerId, pid, bundle }
    }
    case '/tasks/start': {
      const { containerId = '', pid = 0 } = TaskStart.decode(bytes)
      return { topic, containerId, pid }
    }
    case '/tasks/exit':
    case '/tasks/delete': {
      const event = (topic === '/tasks/exit' ? TaskExit : TaskDelete).decode(bytes)
      const { containerId = '', pid = 0, exitStatus = 0 } = event
      return {
        topic,
        containerId,
        id: event.id || containerId,
        pid,
        exitStatus,
        exitedAt: toRfc3339(event.exitedAt) ?? '',
      }
    }
    case '/tasks/oom':
      return { topic, containerId: TaskOOM.decode(bytes).containerId ?? '' }
    case '/tasks/paused':
      return { topic, containerId: TaskPaused.decode(bytes).containerId ?? '' }
    case '/tasks/resumed':
      return { topic, containerId: TaskResumed.decode(bytes).containerId ?? '' }
    case '/tasks/exec-added': {
      const { containerId = '', execId = '' } = TaskExecAdded.decode(bytes)
      return { topic, containerId, execId }
    }
    case '/tasks/exec-started': {
      const { containerId = '', execId = '', pid = 0 } = TaskExecStarted.decode(bytes)
      return { topic, containerId, execId, pid }
    }
    default:
      return undefined
  }
}
