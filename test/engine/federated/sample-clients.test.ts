import { describe, expect, it } from 'vitest'
import { sampleClients } from '../../../src-main/engine/federated/sample-clients'
import { experimentWith } from '../experiments'

describe('sampleClients', () => {
  const images = new Array<number>(30).fill(5)
  const experiment = experimentWith({ totalClients: 30, clientsPerRound: 6, seed: 2 })

  it('draws different clients, in rising order', () => {
    const clients = sampleClients(experiment, 0, images)
    expect(new Set(clients).size).toBe(6)
    expect([...clients].sort((a, b) => a - b)).toEqual(clients)
  })

  it('depends on seed and round, not on the method', () => {
    const clients = sampleClients(experiment, 3, images)
    expect(sampleClients({ ...experiment, method: 'none' }, 3, images)).toEqual(clients)
    expect(sampleClients(experiment, 4, images)).not.toEqual(clients)
    expect(sampleClients({ ...experiment, seed: 3 }, 3, images)).not.toEqual(clients)
  })

  it('passes over clients without images and takes all when too few are left', () => {
    const sparse = images.map((count, client) => (client % 3 === 0 ? count : 0))
    expect(sampleClients(experiment, 0, sparse).every((client) => client % 3 === 0)).toBe(true)
    expect(sampleClients({ ...experiment, clientsPerRound: 25 }, 0, sparse)).toEqual([
      0, 3, 6, 9, 12, 15, 18, 21, 24, 27,
    ])
  })

  it('visits every client about equally often', () => {
    const visits = new Array<number>(30).fill(0)
    for (let round = 0; round < 2000; round++)
      for (const client of sampleClients(experiment, round, images)) visits[client]++
    // Binomial(2000, 1/5): five standard deviations are 89.
    for (const count of visits) expect(Math.abs(count - 400)).toBeLessThan(90)
  })
})
