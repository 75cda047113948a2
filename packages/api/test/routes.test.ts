import { describe, expect, it } from 'vitest'
import { routes } from '../src/schemas.js'

describe('routes', () => {
  it('have one operation each, and paths whose parameters are named', () => {
    expect(new Set(routes.map((route) => route.operationId)).size).toBe(routes.length)
    expect(new Set(routes.map(({ method, path }) => `${method} ${path}`)).size).toBe(routes.length)
    for (const { path } of routes) expect(path).toMatch(/^(\/(\{\w+\}|[\w-]+))+$/)
  })

  it('never have a word where another route of the method has a name', () => {
    const shapes = routes.map(({ method, path }) => [`${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`, path])
    const pouch = shapes.filter(([, path]) => path?.startsWith('/pouch/v1/volumes/'))
    const named = new Set(pouch.map(([shape]) => shape))
    for (const [shape = ''] of pouch) {
      const [word] = /(?<=\/volumes\/)[^/{]+/.exec(shape) ?? []
      if (word !== undefined) expect(named).not.toContain(shape.replace(word, '{}'))
    }
  })

  it('are JSON, as OpenAPI needs them', () => {
    expect(JSON.parse(JSON.stringify(routes))).toHaveLength(routes.length)
    expect(routes.find(({ operationId }) => operationId === 'ContainerStop')).toMatchObject({
      path: '/containers/{id}/stop',
      replies: { 204: {}, 304: {}, 404: {} },
    })
  })
})
