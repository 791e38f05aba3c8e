import { describe, expect, it } from 'vitest'
import { checkExperiment, defaultExperiment, whyInapplicable } from '../../src-main/contract/experiment'
import type { PlanPreview } from '../../src-main/contract/preview'
import { sumCosts } from '../../src-renderer/features/setup/cost'
import { sliderOf } from '../../src-renderer/features/setup/slider'
import { parseWorkers } from '../../src-renderer/features/settings/workers'
import { en } from '../../src-renderer/i18n/en'
import {
  checkTexts,
  experimentTexts,
  fieldValue,
  isChanged,
  withMethodDefaults,
} from '../../src-renderer/state/field-text'
import { parseSeeds } from '../../src-renderer/state/seeds'

const texts = experimentTexts(defaultExperiment())
const check = (change: Partial<typeof texts>) => checkTexts({ ...texts, ...change }, en, String)

describe('the texts of the form', () => {
  it('give back the experiment they were made from', () => {
    expect(check({})).toEqual({ experiment: defaultExperiment(), problems: {} })
  })

  it('read a decimal comma, and an empty field where the schema allows null', () => {
    expect(fieldValue('sparsity', ' 0,95 ')).toBe(0.95)
    expect(fieldValue('rateDecayEnd', '')).toBeNull()
    expect(fieldValue('rounds', '')).toBeNaN()
  })

  it('name every field that does not fit, in words', () => {
    const { experiment, problems } = check({ rounds: '0', sparsity: 'much', momentum: '1' })
    expect(experiment).toBeNull()
    expect(problems).toEqual({
      rounds: 'A whole number from 1 to 1000000.',
      sparsity: 'Enter a number.',
      momentum: 'A number from 0 to 0.9999.',
    })
  })

  it('explain the rules between fields', () => {
    expect(check({ clientsPerRound: '30' }).problems).toEqual({ clientsPerRound: 'At most the 20 clients there are.' })
    expect(check({ rateDecayEnd: '21' }).problems).toEqual({ rateDecayEnd: 'At most the 20 rounds there are.' })
    expect(check({ sparsity: '0' }).problems).toEqual({ sparsity: en.problems.sparsity })
  })

  it('are changed when their value differs, however it is written', () => {
    expect(isChanged('sparsity', '0.90')).toBe(false)
    expect(isChanged('sparsity', '0.91')).toBe(true)
  })
})

describe('parseSeeds', () => {
  it.each([
    ['0, 1, 2', [0, 1, 2]],
    ['3-5 1', [3, 4, 5, 1]],
    ['1，1', [1]],
    ['4294967295', [4294967295]],
  ])('%s', (text, seeds) => {
    expect(parseSeeds(text)).toEqual(seeds)
  })

  it.each(['', 'x', '1.5', '-1', '4294967296', '5-3', '0-100'])('refuses "%s"', (text) => {
    expect(parseSeeds(text)).toBeNull()
  })
})

describe('applicability', () => {
  it('follows partition and method', () => {
    expect(whyInapplicable('dirichletConcentration', { partition: 'iid', method: 'dynamic' })).toEqual({
      kind: 'field',
      field: 'partition',
      values: ['dirichlet', 'dirichlet-balanced', 'dirichlet-per-client', 'dirichlet-feddst', 'quantity'],
    })
    expect(whyInapplicable('dirichletConcentration', { partition: 'dirichlet', method: 'none' })).toBeNull()
    expect(whyInapplicable('sparsity', { partition: 'iid', method: 'small-dense' })).toBeNull()
    expect(whyInapplicable('growthCriterion', { partition: 'iid', method: 'static' })).toEqual({
      kind: 'method',
      method: 'static',
    })
    expect(whyInapplicable('seed', { method: 'none' })).toBeNull()
    // Published code counts bits in its own way.
    expect(whyInapplicable('encoding', { method: 'seed-code' })).toEqual({ kind: 'method', method: 'seed-code' })
    expect(whyInapplicable('encoding', { method: 'feddst' })).toBeNull()
    const epsilon = { method: 'static', layerDistribution: 'er-epsilon' }
    expect(whyInapplicable('erdosRenyiEpsilon', epsilon)).toBeNull()
    expect(whyInapplicable('erdosRenyiEpsilon', { ...epsilon, method: 'none' })).toMatchObject({ kind: 'method' })
    expect(whyInapplicable('sparsity', epsilon)).toEqual({
      kind: 'field',
      field: 'layerDistribution',
      values: ['uniform', 'er', 'erk', 'erk-feddst'],
    })
    // A method that does not look at the distribution uses its sparsity all the same.
    expect(whyInapplicable('sparsity', { ...epsilon, method: 'ssfl' })).toBeNull()
  })
})

describe('the method of a form', () => {
  const choose = (before: typeof texts, method: string) => withMethodDefaults(before, { ...before, method })

  it('brings its own default along, and takes it away again', () => {
    const chosen = choose(texts, 'fedprox')
    expect(chosen.proximalCoefficient).toBe('0.01')
    expect(checkTexts(chosen, en, String).experiment).toMatchObject({ method: 'fedprox', proximalCoefficient: 0.01 })
    expect(choose(chosen, 'none').proximalCoefficient).toBe('0')
  })

  it('leaves alone what was typed', () => {
    const typed = choose({ ...texts, proximalCoefficient: '0.5' }, 'fedprox')
    expect(typed.proximalCoefficient).toBe('0.5')
    expect(choose(typed, 'none').proximalCoefficient).toBe('0.5')
  })
})

describe('sliders', () => {
  it.each(['sparsity', 'readjustmentRatio', 'dirichletConcentration'] as const)(
    '%s gives only valid values',
    (name) => {
      const slider = sliderOf(name)
      for (let position = 0; position <= 1000; position += 50) {
        const value = slider?.toValue(position) ?? Number.NaN
        expect(checkExperiment({ [name]: value, method: 'static' }).ok).toBe(true)
        expect(Math.abs((slider?.toPosition(String(value)) ?? 0) - position)).toBeLessThan(12)
      }
    },
  )
})

describe('sumCosts', () => {
  const plan = (seconds: number | null) =>
    ({
      totalUploadBytes: 10,
      totalDownloadBytes: 20,
      totalTrainingFlops: 5,
      storageBytes: 7,
      estimatedSeconds: seconds,
    }) as PlanPreview

  it('multiplies by the seeds and adds the arms', () => {
    expect(sumCosts([plan(2), plan(3)], 3)).toEqual({
      runs: 6,
      uploadBytes: 60,
      downloadBytes: 120,
      flops: 30,
      storageBytes: 42,
      seconds: 15,
    })
  })

  it('does not guess what is unknown', () => {
    expect(sumCosts([plan(2), plan(null)], 1)?.seconds).toBeNull()
    expect(sumCosts([plan(2), undefined], 1)).toBeNull()
  })
})

describe('parseWorkers', () => {
  it('tells automatic from wrong', () => {
    expect(parseWorkers(' ')).toBeNull()
    expect(parseWorkers('4')).toBe(4)
    expect(parseWorkers('0')).toBeUndefined()
    expect(parseWorkers('many')).toBeUndefined()
  })
})
