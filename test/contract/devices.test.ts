import { describe, expect, it } from 'vitest'
import { fastestFirst, isForAutomatic, type DeviceReport, type DeviceSpeed } from '../../src-main/contract/devices'

const speed = (...points: [sparsity: number, imagesPerSecond: number][]): DeviceSpeed[] =>
  points.map(([sparsity, imagesPerSecond]) => ({ sparsity, imagesPerSecond }))

describe('auto', () => {
  it('tries the measured devices, the fastest at the sparsity of the experiment first', () => {
    const devices = [
      { device: 'cpu', speed: speed([0, 100], [0.9, 500]) },
      { device: 'cuda', speed: null },
      { device: 'webgpu', speed: speed([0, 300]) },
      { device: 'tensorflow-cpu', speed: speed([0, 150]) },
    ] as const
    expect(fastestFirst(devices, 0)).toEqual(['webgpu', 'tensorflow-cpu', 'cpu'])
    // Half-way the processor takes 6 ms per image: the mean of its 10 ms and 2 ms, and less than 1/150 s.
    expect(fastestFirst(devices, 0.45)).toEqual(['webgpu', 'cpu', 'tensorflow-cpu'])
    expect(fastestFirst(devices, 0.9)).toEqual(['cpu', 'webgpu', 'tensorflow-cpu'])
    expect(fastestFirst([{ device: 'cpu', speed: null }], 0.5)).toEqual([])
  })

  it('takes no card in software and nothing that is missing', () => {
    const present = { promise: 'tolerance', state: 'present', hardware: '', versions: {}, freeBytes: null, speed: null }
    const missing = { promise: 'tolerance', state: 'missing', reason: 'no-card', problem: '', remedy: '' }
    const reports = [
      { device: 'webgpu', ...present, isEmulated: true },
      { device: 'tensorflow-cpu', ...present, isEmulated: false },
      { device: 'cuda', ...missing },
    ] as DeviceReport[]
    expect(reports.filter(isForAutomatic).map(({ device }) => device)).toEqual(['tensorflow-cpu'])
  })
})
