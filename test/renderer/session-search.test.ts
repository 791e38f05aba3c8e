import { describe, expect, it } from 'vitest'
import type { SessionEntry } from '../../src-main/contract/records'
import { findSessions, parseTags } from '../../src-renderer/features/sessions/search'

const entry = (name: string, notes: string, tags: string[]): SessionEntry => ({
  manifest: {
    formatVersion: 3,
    id: name,
    name,
    notes,
    tags,
    createdAt: '',
    updatedAt: '',
    runs: [],
    runAnnotations: {},
  },
  folder: '',
  runStates: [],
  methods: ['dynamic'],
  damage: [],
})
const sessions = [entry('Pilot', 'Seed 2 is an outlier', ['paper', 'β']), entry('消融', '', ['papers please'])]
const found = (query: string) =>
  findSessions(sessions, query, ({ methods }) => [...methods, '动态剪枝']).map(({ manifest }) => manifest.name)

describe('findSessions', () => {
  it('wants every word, in any field and any case', () => {
    expect(found('')).toEqual(['Pilot', '消融'])
    expect(found(' OUTLIER pilot ')).toEqual(['Pilot'])
    expect(found('outlier 消融')).toEqual([])
    expect(found('动态')).toEqual(['Pilot', '消融'])
  })
  it('takes #word for the beginning of a tag', () => {
    expect(found('#PAPER')).toEqual(['Pilot', '消融'])
    expect(found('#β')).toEqual(['Pilot'])
    expect(found('#pilot')).toEqual([])
  })
})

describe('parseTags', () => {
  it('splits at commas of either script and keeps each once', () => {
    expect(parseTags(' paper, #fig 2，paper,, ')).toEqual(['paper', 'fig 2'])
    expect(parseTags('')).toEqual([])
    expect(parseTags('x'.repeat(80))[0]).toHaveLength(50)
  })
})
