import type { Container, Exec } from './container.js'

/** The events of {@link ContainerManager.events}; each comes once its state is durable. */
export type ContainerEvents = {
  'container.created': (container: Container) => void
  'container.started': (container: Container) => void
  'container.died': (container: Container, facts: { readonly exitCode: number }) => void
  'container.killed': (container: Container, facts: { readonly signal: number }) => void
  'container.stopped': (container: Container) => void
  'container.restarted': (container: Container) => void
  'container.removed': (container: Container) => void
  'container.attached': (container: Container) => void
  'container.detached': (container: Container) => void
  'container.resized': (container: Container, facts: { readonly width: number; readonly height: number }) => void
  'container.renamed': (container: Container, facts: { readonly oldName: string }) => void
  'container.oom': (container: Container) => void
  'container.paused': (container: Container) => void
  'container.unpaused': (container: Container) => void
  'exec.created': (container: Container, exec: Exec) => void
  'exec.started': (container: Container, exec: Exec) => void
  'exec.died': (container: Container, exec: Exec) => void
}
