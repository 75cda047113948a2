import type { HistoryItem, Image } from './image.js'
import type { ImageHistory } from './image-config.js'

/**
 * How an image was made, newest step first.
 *
 * @param sizes the size of each layer, lowest first
 */
export function historyOf(image: Image, sizes: readonly number[]): HistoryItem[] {
  let layer = 0
  const steps = image.history.map((step) => ({
    step,
    sizeBytes: step.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
  }))
  // Layers that the history does not tell of still take space.
  const untold = sizes.slice(layer).map((sizeBytes) => ({ step: {} as ImageHistory, sizeBytes }))
  return [...steps, ...untold].reverse().map(({ step, sizeBytes }, index) => ({
    id: index === 0 ? image.id : undefined,
    createdAt: step.created ?? image.createdAt,
    createdBy: step.created_by ?? '',
    tags: index === 0 ? image.references : [],
    sizeBytes,
    comment: step.comment ?? '',
  }))
}
