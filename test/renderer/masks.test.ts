import { describe, expect, it } from 'vitest'
import { fittingScale, hasKernels, maskLayout, weightAt } from '../../src-renderer/features/layers/mask-layout'
import {
  cellStates,
  countStates,
  drawCells,
  drawOverview,
  type CellColours,
} from '../../src-renderer/features/layers/mask-pixels'
import { updateInForce } from '../../src-renderer/features/layers/updates'
import { largestValue, matrixPixels } from '../../src-renderer/charts/matrix'
import { matrixSummary, type MatrixModel } from '../../src-main/contract/figures/matrix-chart'

/** The red channel names the state: 10 inactive, 20 kept, 30 pruned, 40 grown, 50 regrown. */
const colours = Object.fromEntries(
  cellStates.map((state, index) => [state, [10 * (index + 1), 0, 0]]),
) as unknown as CellColours
const reds = (pixels: Uint8ClampedArray) => Array.from({ length: pixels.length / 4 }, (_, at) => pixels[4 * at])
const whole = ({ width, height }: { width: number; height: number }) => ({ x: 0, y: 0, width, height })

describe('pictures of masks', () => {
  // Weights 0…4: kept, pruned, grown, inactive, regrown.
  const change = { bits: Uint8Array.of(0b10101), before: Uint8Array.of(0b00011), earlier: Uint8Array.of(0b10011) }

  it('tell kept, pruned, grown, regrown and inactive weights apart', () => {
    const layout = maskLayout([1, 5], 100, false)
    expect(reds(drawCells(change, layout, whole(layout), colours))).toEqual([20, 30, 40, 10, 50])
    expect(countStates(change, 5)).toEqual({ kept: 1, pruned: 1, grown: 1, inactive: 1, regrown: 1 })
    const plain = { ...change, before: null, earlier: null }
    expect(reds(drawCells(plain, layout, whole(layout), colours))).toEqual([20, 10, 20, 10, 20])
    expect(countStates(plain, 5)).toEqual({ kept: 3, pruned: 0, grown: 0, inactive: 2, regrown: 0 })
  })

  it('read bits beyond the first byte, lowest first, and only what the window shows', () => {
    const mask = { bits: Uint8Array.of(0b1000_0000, 0b0000_0010), before: null, earlier: null }
    const layout = maskLayout([2, 3, 2], 100, false)
    expect(reds(drawCells(mask, layout, whole(layout), colours))).toEqual([
      ...[10, 10, 10, 10, 10, 10],
      ...[10, 20, 10, 20, 10, 10],
    ])
    expect(reds(drawCells(mask, layout, { x: 1, y: 1, width: 3, height: 1 }, colours))).toEqual([20, 10, 20])
  })

  it('go on in bands below, with a gap between, where they are too wide', () => {
    const layout = maskLayout([2, 5], 4, false)
    expect(layout).toMatchObject({ bands: 2, width: 3, height: 7 })
    const cells = Array.from({ length: 7 }, (_, y) => [0, 1, 2].map((x) => weightAt(layout, x, y)))
    expect(cells).toEqual([
      [0, 1, 2],
      [5, 6, 7],
      [-1, -1, -1],
      [-1, -1, -1],
      [-1, -1, -1],
      [3, 4, -1],
      [8, 9, -1],
    ])
  })

  it('draw kernels as blocks with gaps, every weight once', () => {
    expect([hasKernels([8, 3, 5, 5]), hasKernels([8, 3, 1, 1]), hasKernels([8, 3])]).toEqual([true, false, false])
    const layout = maskLayout([2, 2, 2, 3], 100, true)
    expect([layout.width, layout.height]).toEqual([8, 6])
    expect([0, 1, 2, 3, 4].map((x) => weightAt(layout, x, 0))).toEqual([0, 1, 2, -1, 6])
    expect([0, 1].map((x) => weightAt(layout, x, 1))).toEqual([3, 4])
    expect(weightAt(layout, 0, 2)).toBe(-1)
    expect(weightAt(layout, 0, 3)).toBe(12)
    for (const widest of [4, 8]) {
      const some = maskLayout([3, 5, 2, 3], widest, true)
      const seen = Array.from({ length: some.width * some.height }, (_, cell) =>
        weightAt(some, cell % some.width, Math.floor(cell / some.width)),
      ).filter((weight) => weight >= 0)
      expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3 * 5 * 2 * 3 }, (_, weight) => weight))
    }
  })

  it('fit the space with whole pixels, and shrink only what is too large', () => {
    const space = { width: 800, height: 400 }
    expect(fittingScale([10, 50], space, false)).toBe(17)
    expect(fittingScale([50, 5120], space, false)).toBe(1)
    const scale = fittingScale([4096, 2500], space, false)
    expect(scale).toBe(1 / 11)
    const { width, height } = maskLayout([4096, 2500], space.width / scale, false)
    expect(width * scale).toBeLessThanOrEqual(800)
    expect(height * scale).toBeLessThanOrEqual(400)
  })

  it('keep the mean colour when they shrink', () => {
    const layout = maskLayout([4, 6], 100, false)
    // Weights 0…23; the first block of 3 × 3 holds 0 1 2, 6 7 8, 12 13 14.
    const bits = Uint8Array.of(0b1100_0111, 0b0111_0001, 0)
    const before = Uint8Array.of(0b1100_0011, 0b0111_0001, 0)
    const { pixels, width, height } = drawOverview({ bits, before, earlier: before }, layout, 3, colours)
    expect([width, height]).toEqual([2, 2])
    // 8 kept (20), 1 grown (40) of 9; then 9 cells of which none is active; then rows of 3.
    expect(reds(pixels)).toEqual([Math.round((8 * 20 + 40) / 9), 10, 10, 10])
  })
})

describe('updateInForce', () => {
  it('is the last update that happened by a round', () => {
    const topology = [0, 0, 4, 8].map((round, update) => ({ update, round })) as never
    expect([-1, 0, 3, 4, 100].map((round) => updateInForce(topology, round))).toEqual([0, 1, 1, 2, 3])
  })
})

describe('matrices', () => {
  const model: MatrixModel = {
    title: 'Overlap',
    rowHeading: 'Run',
    columnHeading: 'Update',
    rows: ['a', 'b'],
    columns: ['0', '1'],
    values: [
      [0, 0.5],
      [null, 1],
    ],
    minimum: 0,
    maximum: 1,
    format: (value) => value.toFixed(1),
  }
  it('run from the low to the high colour and leave cells without a value empty', () => {
    expect([...matrixPixels(model, [0, 0, 0], [100, 0, 200])]).toEqual([
      ...[0, 0, 0, 255, 50, 0, 100, 255],
      ...[0, 0, 0, 0, 100, 0, 200, 255],
    ])
    expect(largestValue(model.values, 0.1)).toBe(1)
    expect(largestValue([[null]], 0.1)).toBe(0.1)
  })
  it('say themselves in a sentence', () => {
    expect(matrixSummary(model, '—')).toBe('Overlap. Update. a: 0.5; b: 1.0')
  })
})
