import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { figureKinds, writeFigure, writeReport } from '../../src-main/command-line/figures'
import { fourArms } from '../report/fixtures'

const laboratory = { comparedRuns: () => Promise.resolve(fourArms) } as unknown as Parameters<typeof writeFigure>[0]
/** What the program takes where a flag is left out. */
const defaults = { kind: 'curves', x: 'rounds', y: 'accuracy', band: 'deviation', cost: 'megabytes' }
const draw = (flags: Readonly<Record<string, string>>) => writeFigure(laboratory, 's', { ...defaults, ...flags })

let folder = ''
let printed = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-figures-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => {
  printed = ''
  vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})

describe('figure', () => {
  it.each(figureKinds)('draws %s with its arms in words, and hands over its data', async (kind) => {
    expect(await draw({ kind, format: 'svg' })).toBe(0)
    expect(printed).toMatch(/^<svg .*<\/svg>\n$/s)
    expect(printed).toContain('Dynamic pruning')
    printed = ''
    await draw({ kind, format: 'csv' })
    expect(printed.split('\n').length).toBeGreaterThan(5)
  })

  it('takes what its kind asks for', async () => {
    await draw({ kind: 'curves', format: 'csv', x: 'transferred', y: 'trainLoss', band: 'none' })
    expect(printed.split('\n')[0]).toBe('Series,Uploaded and downloaded (MB),Training loss (cross-entropy)')
    printed = ''
    await draw({ kind: 'within', format: 'svg', cost: 'rounds', budget: '1' })
    expect(printed).toContain('<title>Accuracy reached within Rounds ≤ 1</title>')
    printed = ''
    await draw({ kind: 'to-reach', format: 'svg', accuracy: '0.75' })
    expect(printed).toContain('<title>Cost to reach 75.0%</title>')
    printed = ''
    await draw({ kind: 'differences', format: 'svg', baseline: 'dynamic' })
    expect(printed).toContain('<title>Difference to Dynamic pruning</title>')
  })

  it.each([
    ['pdf', '%PDF-1'],
    ['png', '\u0089PNG'],
  ])('writes %s to a file only', async (format, start) => {
    const output = join(folder, `figure.${format}`)
    expect(await draw({ format, output })).toBe(0)
    expect(readFileSync(output, 'latin1').startsWith(start)).toBe(true)
    await expect(draw({ format })).rejects.toThrow(/--output: .*a file/)
  })

  it.each([
    [{ kind: 'pie', format: 'svg' }, '--kind: "pie" is not allowed; allowed: one of curves, '],
    [{ format: 'gif' }, '--format: "gif" is not allowed; allowed: one of svg, '],
    [
      { kind: 'to-reach', format: 'svg', accuracy: '95' },
      '--accuracy: "95" is not allowed; allowed: a number from 0 to 1',
    ],
    [{ kind: 'within', format: 'svg', budget: '-1' }, '--budget: "-1" is not allowed; allowed: a number, at least 0'],
    [
      { kind: 'differences', format: 'svg', baseline: 'rigl' },
      '--baseline: "rigl" is not allowed; allowed: one of dynamic, static, none, small-dense',
    ],
  ])('refuses %j in words', async (flags, message) => {
    await expect(draw(flags)).rejects.toThrow(message)
  })

  it('says when there is nothing to draw', async () => {
    const empty = { comparedRuns: () => Promise.resolve([]) } as unknown as typeof laboratory
    await expect(writeFigure(empty, 's', { ...defaults, format: 'svg' })).rejects.toThrow('No round of this session')
  })
})

it('a report is the table too', async () => {
  await writeReport(laboratory, 's', { format: 'md' })
  expect(printed).toContain('| Dynamic pruning | 3 |')
  await expect(writeReport(laboratory, 's', { format: 'docx' })).rejects.toThrow('--format: "docx"')
})
