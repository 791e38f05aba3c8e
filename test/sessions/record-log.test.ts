import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readRecords, RecordLog } from '../../src-main/sessions/record-log'
import { temporaryFolder } from './temporary-folder'

const schema = z.object({ number: z.number(), text: z.string() })
const read = (path: string) => readRecords(path, schema, ({ number }) => number)

async function written(count: number): Promise<string> {
  const path = join(temporaryFolder(), 'records.ndjson')
  const log = await RecordLog.open<z.output<typeof schema>>(path, 0)
  for (let number = 0; number < count; number++) await log.append({ number, text: `line\nbreak ${number} 树` })
  await log.close()
  return path
}

describe('record log', () => {
  it('reads what was appended; a missing file is empty', async () => {
    const { records, intact, problems } = await read(await written(3))
    expect(records.map(({ text }) => text)).toEqual(['line\nbreak 0 树', 'line\nbreak 1 树', 'line\nbreak 2 树'])
    expect({ intact, problems }).toEqual({ intact: 3, problems: [] })
    expect(await read('/nowhere/records.ndjson')).toMatchObject({ records: [], intact: 0, problems: [] })
  })

  it('ignores a torn last line without calling it damage', async () => {
    const path = await written(2)
    appendFileSync(path, '{"number":2,"te')
    expect(await read(path)).toMatchObject({ intact: 2, problems: [] })
  })

  it.each([
    ['no JSON', (lines: string[]) => (lines[1] = '{"number":1,'), /line 2: not valid JSON/],
    ['another shape', (lines: string[]) => (lines[1] = '{"number":1,"text":5}'), /line 2: text: /],
    ['a missing record', (lines: string[]) => lines.splice(1, 1), /line 2: is record 2, expected 1/],
    ['a double record', (lines: string[]) => lines.splice(1, 0, lines[0]), /line 2: is record 0, expected 1/],
  ])('names the line of %s and counts as intact what lies before', async (_, damage, problem) => {
    const path = await written(4)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    damage(lines)
    writeFileSync(path, `${lines.join('\n')}\n`)
    const { intact, problems } = await read(path)
    expect(intact).toBe(1)
    expect(problems[0]).toMatch(problem)
  })

  it('goes on behind the kept records, cutting off the rest, with one digest over all', async () => {
    const path = await written(4)
    const kept = await read(path)
    const log = await RecordLog.open<z.output<typeof schema>>(path, kept.bytesOf(2))
    expect(log.digest()).toBe(kept.digestOf(2))
    await log.append({ number: 2, text: 'anew' })
    const after = await read(path)
    expect(after.records.map(({ text }) => text)).toEqual(['line\nbreak 0 树', 'line\nbreak 1 树', 'anew'])
    expect(after.digestOf(3)).toBe(log.digest())
    await log.close()
  })
})
