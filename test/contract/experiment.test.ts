import { describe, expect, it } from 'vitest'
import {
  checkExperiment,
  defaultExperiment,
  experimentFieldNames,
  fieldMetadata,
  fieldShape,
  problemText,
  topologyEnd,
} from '../../src-main/contract/experiment'
import { methodNames } from '../../src-main/contract/methods'
import { experimentWith } from '../engine/experiments'

function problems(input: unknown): string[] {
  const check = checkExperiment(input)
  return check.ok ? [] : check.problems.map(problemText)
}

describe('FedProx', () => {
  it('has a coefficient of its own unless another is given, and refuses 0', () => {
    expect(experimentWith({ method: 'fedprox' }).proximalCoefficient).toBe(0.01)
    expect(experimentWith({ method: 'fedprox', proximalCoefficient: 1 }).proximalCoefficient).toBe(1)
    expect(experimentWith({ method: 'none' }).proximalCoefficient).toBe(0)
    expect(checkExperiment({ method: 'fedprox', proximalCoefficient: 0 })).toMatchObject({
      ok: false,
      problems: [{ field: 'proximalCoefficient', value: 0, allowed: expect.stringContaining('above 0') as string }],
    })
  })
})

describe('the experiment schema', () => {
  it('takes a device by name, or one of several cards by number', () => {
    for (const device of ['auto', 'cpu', 'cuda', 'cuda:1', 'webgpu', 'tensorflow-cpu', 'tfjs-cpu']) {
      expect(problems({ device })).toEqual([])
    }
    for (const device of ['gpu', '0', 'cuda:', 'cuda:-1', 'cuda:1.5', 'cuda:100', 'webgpu:1']) {
      expect(problems({ device })).toEqual([
        `device: "${device}" is not allowed; allowed: one of auto, cpu, cuda, webgpu, tensorflow-cpu, tfjs-cpu, cuda:0, cuda:1, …`,
      ])
    }
  })

  it('is complete without any input', () => {
    expect(checkExperiment({})).toEqual({ ok: true, experiment: defaultExperiment() })
  })

  it('gives every field a flag of its own, help and a default within its range', () => {
    const flags = experimentFieldNames.map((name) => fieldMetadata(name).flag)
    expect(new Set(flags).size).toBe(flags.length)
    for (const name of experimentFieldNames) {
      expect(fieldMetadata(name).help).toMatch(/\.$/)
      const shape = fieldShape(name)
      if (shape.kind === 'choice') expect(shape.options).toContain(shape.default)
      else if (shape.default === null) expect(shape.nullable).toBe(true)
      else expect(shape.default >= shape.minimum && shape.default <= shape.maximum).toBe(true)
    }
  })

  it.each([
    [{ sparsity: 1 }, 'sparsity: 1 is not allowed; allowed: a number from 0 to 0.999'],
    [{ rounds: 2.5 }, 'rounds: 2.5 is not allowed; allowed: a whole number from 1 to 1000000'],
    [{ rounds: '7' }, 'rounds: "7" is not allowed; allowed: a whole number from 1 to 1000000'],
    [{ method: 'magic' }, `method: "magic" is not allowed; allowed: one of ${methodNames.join(', ')}`],
    [{ clientsPerRound: 30 }, 'clientsPerRound: 30 is not allowed; allowed: at most totalClients (20)'],
    [{ rateDecayEnd: 21 }, 'rateDecayEnd: 21 is not allowed; allowed: at most rounds (20)'],
  ])('refuses %o by name, value and what is allowed', (input, words) => {
    expect(problems(input)).toEqual([words])
  })

  it('refuses a dense network that is to move', () => {
    expect(problems({ method: 'dynamic', sparsity: 0 })).toHaveLength(1)
    expect(problems({ method: 'static', sparsity: 0 })).toEqual([])
  })

  it('refuses SET’s ε form to published code, which has its own functions', () => {
    expect(problems({ method: 'seed-code', layerDistribution: 'er-epsilon' })).toEqual([
      'layerDistribution: "er-epsilon" is not allowed; allowed: uniform, er or erk with the method seed-code',
    ])
    expect(problems({ method: 'seed-code', layerDistribution: 'erk-feddst' })).toEqual([])
    expect(problems({ method: 'dynamic', layerDistribution: 'er-epsilon', sparsity: 0 })).toEqual([])
  })

  it('names a field that it does not know, and input that is no object', () => {
    expect(problems({ sparcity: 0.5 })[0]).toContain('sparcity: 0.5 is not allowed; allowed: one of dataset,')
    expect(problems(null)).toHaveLength(1)
    expect(problems([1])).toHaveLength(1)
  })
})

describe('the end of the topology', () => {
  it('is three quarters of the rounds, rounded down, unless it is set', () => {
    expect(topologyEnd({ ...defaultExperiment(), rounds: 23 })).toBe(17)
    expect(topologyEnd({ ...defaultExperiment(), rounds: 23, rateDecayEnd: 5 })).toBe(5)
  })
})
