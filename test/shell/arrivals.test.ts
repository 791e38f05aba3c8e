import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Arrivals, sessionPaths } from '../../src-main/shell/arrivals'

const folder = mkdtempSync(join(tmpdir(), 'espalier-arrivals-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('sessionPaths', () => {
  it('finds archives and session folders among other words', () => {
    mkdirSync(join(folder, 'mailed'))
    writeFileSync(join(folder, 'mailed/session.json'), '{}')
    writeFileSync(join(folder, 'a.Espalier'), '')
    writeFileSync(join(folder, 'thesis.tex'), '')
    const words = ['.', '--no-sandbox', 'mailed', 'a.Espalier', 'missing.espalier', 'thesis.tex', '--x=a.Espalier']
    expect(sessionPaths(words, folder)).toEqual([join(folder, 'mailed'), join(folder, 'a.Espalier')])
  })
})

describe('Arrivals', () => {
  it('keep what came until it is taken, once', () => {
    let told = 0
    const arrivals = new Arrivals(() => told++)
    arrivals.add([])
    expect(told).toBe(0)
    arrivals.add(['/a'])
    arrivals.add(['/b', '/c'])
    expect(told).toBe(2)
    expect(arrivals.take()).toEqual(['/a', '/b', '/c'])
    expect(arrivals.take()).toEqual([])
  })
})
