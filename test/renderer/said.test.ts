import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { engineZhCN } from '../../src-renderer/i18n/engine.zh-CN'
import { sentenceTranslator } from '../../src-renderer/i18n/said'

const sources = resolve(import.meta.dirname, '../../src-main')

/** Every text in the sources, with {} for what is put into it. */
function textsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(folder, name), 'utf8')
      const whole = [...text.matchAll(/`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g)]
      return whole.map(([quoted]) =>
        quoted
          .slice(1, -1)
          .replaceAll(/\$\{[^}]*\}/g, '{}')
          .replaceAll(/\\(.)/g, '$1'),
      )
    })
}

describe('what the engine says', () => {
  it('is translated as it stands in the sources', () => {
    const texts = textsOf(sources)
    const strays = engineZhCN.filter(([english]) => {
      const written = english.replaceAll(/\{\d\}/g, '{}')
      // Two sentences are put together from a beginning and one of two ends.
      return !texts.some(
        (text) => text === written || (text.length > 30 && (written.endsWith(text) || written.startsWith(text))),
      )
    })
    expect(strays.map(([english]) => english)).toEqual([])
  })

  it('keeps every value, once or more', () => {
    for (const [english, translation] of engineZhCN) {
      const values = (text: string) => [...new Set(text.match(/\{\d\}/g) ?? [])].sort()
      expect(values(translation), english).toEqual(values(english))
    }
  })

  const translate = sentenceTranslator(engineZhCN)

  it('keeps values, also those that are sentences', () => {
    expect(translate('fc1 keeps all its 840 weights: its erk density would exceed 1')).toBe(
      'fc1 保留全部 840 个权重：其 erk 密度会超过 1',
    )
    expect(translate('dataset: mnist is not on this computer. Import a folder with the four official IDX files.')).toBe(
      '数据集 mnist 不在本机上。请导入含有四个官方 IDX 文件的文件夹。',
    )
  })

  it('keeps the name of a file before what is wrong with it', () => {
    expect(translate('runs/r-1/rounds.ndjson: line 3: not valid JSON')).toBe(
      'runs/r-1/rounds.ndjson: 第 3 行：不是有效的 JSON',
    )
    expect(translate('C:\\data\\a.espalier: is not a zip archive that can be read: end of central directory')).toBe(
      'C:\\data\\a.espalier: 不是可读取的 zip 归档：end of central directory',
    )
    expect(translate('/data/run.json: the disk is full; free some space (ENOSPC: write)')).toBe(
      '/data/run.json: 磁盘已满；请释放空间（ENOSPC: write）',
    )
    expect(translate('/data/run.json: something else')).toBe('/data/run.json: something else')
  })

  it('leaves alone what it does not know', () => {
    expect(translate('EACCES: permission denied')).toBe('EACCES: permission denied')
  })
})
