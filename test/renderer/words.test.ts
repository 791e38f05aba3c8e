import { describe, expect, it } from 'vitest'
import { experimentFieldNames, fieldMetadata, fieldShape } from '../../src-main/contract/experiment'
import { keyCaps, matchesKeys } from '../../src-renderer/actions/keys'
import { createFormatter } from '../../src-main/contract/format'
import { en } from '../../src-renderer/i18n/en'
import { optionWords } from '../../src-renderer/i18n/option-words'
import { messages, resolveLocale } from '../../src-renderer/i18n/locale'
import { zhCN } from '../../src-renderer/i18n/zh-CN'

describe.each(Object.entries(messages))('words in %s', (_, words) => {
  it('name every unit and option of the schema', () => {
    for (const name of experimentFieldNames) {
      expect(words.units, name).toHaveProperty([fieldMetadata(name).unit])
      const shape = fieldShape(name)
      if (shape.kind === 'choice')
        for (const option of shape.options) expect(optionWords(words, name, option)).toBeTruthy()
    }
  })
})

it('follows the system only where nothing was chosen', () => {
  expect(resolveLocale('system', 'zh-Hans-CN')).toBe('zh-CN')
  expect(resolveLocale('system', 'de-DE')).toBe('en')
  expect(resolveLocale('en', 'zh-CN')).toBe('en')
})

describe('numbers', () => {
  const format = createFormatter('en', en)

  it('carry units and SI prefixes', () => {
    expect(format.bytes(0)).toBe('0 B')
    expect(format.bytes(999)).toBe('999 B')
    expect(format.bytes(5_110_000)).toBe('5.11 MB')
    expect(format.flops(7.4e10)).toBe('74 GFLOPs')
    expect(format.count(261_750)).toBe('261,750')
  })

  it('show shares, and differences with their sign', () => {
    expect(format.percent(0.94471)).toBe('94.47%')
    expect(format.share(0.8)).toBe('80%')
    expect(format.points(0.0146)).toBe('+1.46')
    expect(format.points(-0.0182)).toBe('−1.82')
    expect(format.points(0)).toBe('0.00')
  })

  it.each([
    [0.456, '0.456 s'],
    [59.6, '1 min 0 s'],
    [59.4, '59 s'],
    [3600, '1 h 0 min'],
    [90_000, '1 d 1 h'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(format.duration(seconds)).toBe(text)
  })

  it('speak Chinese', () => {
    expect(createFormatter('zh-CN', zhCN).duration(75)).toBe('1 分 15 秒')
  })
})

describe('shortcuts', () => {
  const press = (key: string, more: object = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    ...more,
  })

  it('need their modifier, and leave letters to text fields', () => {
    expect(matchesKeys('Mod+1', press('1', { ctrlKey: true }), true)).toBe(true)
    expect(matchesKeys('Mod+1', press('1'), false)).toBe(false)
    expect(matchesKeys('t', press('t'), false)).toBe(true)
    expect(matchesKeys('t', press('t'), true)).toBe(false)
    expect(matchesKeys('t', press('t', { ctrlKey: true }), false)).toBe(false)
    expect(matchesKeys('?', press('?', { shiftKey: true }), false)).toBe(true)
  })

  it('tell Run from Run ablation by Shift', () => {
    const both = { ctrlKey: true, shiftKey: true }
    expect(matchesKeys('Mod+Enter', press('Enter', both), true)).toBe(false)
    expect(matchesKeys('Mod+Shift+Enter', press('Enter', both), true)).toBe(true)
  })

  it('are shown as printed on the keys', () => {
    expect(keyCaps('Mod+Shift+Enter', true)).toEqual(['⌘', '⇧', '↩'])
    expect(keyCaps('Mod+1', false)).toEqual(['Ctrl', '1'])
    expect(keyCaps('t', false)).toEqual(['T'])
  })
})
