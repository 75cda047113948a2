/** `docker.io/library/busybox:latest` → `busybox:latest`. */
export function familiarName(canonical: string): string {
  const path = canonical.replace(/^docker\.io\//, '')
  return path === canonical ? canonical : path.replace(/^library\/(?=[^/]+$)/, '')
}
