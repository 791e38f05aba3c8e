import { ESLint } from 'eslint'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const project = resolve(import.meta.dirname, '../..')
const rules = ['boundaries/dependencies', 'no-restricted-imports']
// Neither the other rules nor the types they need.
const eslint = new ESLint({
  cwd: project,
  ruleFilter: ({ ruleId }) => rules.includes(ruleId),
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
})

/** Messages of the layering rules for a text that stands in for an existing file. */
async function layering(file: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: resolve(project, file) })
  return results.flatMap(({ messages }) => messages.map(({ ruleId, message }) => ruleId ?? message))
}

describe('a folder’s name says which process may load it', () => {
  it.each([
    ['src-main/engine/models/plan.ts', '../../host/protocol'],
    ['src-main/contract/events.ts', '../engine/models/plan'],
    ['src-main/contract/events.ts', '../shell/channels'],
    ['src-main/host/protocol.ts', '../shell/channels'],
    ['src-main/shell/channels.ts', '../engine/models/plan'],
    ['src-main/index.ts', './engine/models/plan'],
    ['src-main/host/worker-pool.ts', '../sessions/session-store'],
    ['src-renderer/main.ts', '../src-main/host/protocol'],
  ])('%s may not import %s', async (file, source) => {
    expect(await layering(file, `import '${source}'\n`)).toEqual(['boundaries/dependencies'])
  })

  it.each([
    ['src-main/engine/models/plan.ts', '../../contract/events'],
    ['src-main/shell/channels.ts', '../host/protocol'],
    ['src-main/index.ts', './shell/channels'],
    ['src-renderer/main.ts', '../src-main/contract/events'],
  ])('%s may import %s', async (file, source) => {
    expect(await layering(file, `import '${source}'\n`)).toEqual([])
  })

  it('only the shell and the desktop’s root import electron', async () => {
    expect(await layering('src-main/host/protocol.ts', "import 'electron'\n")).toEqual(['no-restricted-imports'])
    expect(await layering('src-main/engine/models/plan.ts', "import 'electron'\n")).toEqual(['no-restricted-imports'])
    expect(await layering('src-main/shell/channels.ts', "import 'electron'\n")).toEqual([])
  })
})
