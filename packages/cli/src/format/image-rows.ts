import type { ImageSummary } from '@pouch/api'
import { durationInWords } from '@pouch/units'
import type { RowLook } from './container-row.js'
import { humanSize, shortId } from './human.js'
import { labelsText } from './labels-text.js'
import type { Row } from './list-format.js'

const none = '<none>'

/** An image as lists show it: a row for each of its names. */
export function imageRows(image: ImageSummary, { nowMs, isWhole }: RowLook): Row[] {
  const digests = new Map(image.RepoDigests.map((text) => splitAt(text, text.lastIndexOf('@'))))
  const tags = image.RepoTags.length === 0 ? [`${image.RepoDigests[0]?.split('@')[0] ?? none}:${none}`] : image.RepoTags
  return tags.map((text): Row => {
    const [repository, tag] = splitAt(text, text.lastIndexOf(':'))
    return {
      Repository: repository,
      Tag: tag,
      Digest: digests.get(repository) ?? none,
      ID: isWhole ? image.Id : shortId(image.Id),
      CreatedAt: new Date(image.Created * 1000).toISOString(),
      CreatedSince: image.Created <= 0 ? 'N/A' : `${durationInWords(nowMs - image.Created * 1000)} ago`,
      Size: humanSize(image.Size),
      Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
      Labels: labelsText(image.Labels ?? {}),
    }
  })
}

function splitAt(text: string, at: number): [string, string] {
  return at < 0 ? [text, none] : [text.slice(0, at), text.slice(at + 1)]
}
