import { packBits } from '../../src-main/engine/sparsity/pack-bits'
import { namedStream } from '../../src-main/engine/random/streams'
import { fittingScale, maskLayout } from '../../src-renderer/features/layers/mask-layout'
import {
  cellStates,
  countStates,
  drawCells,
  drawOverview,
  type CellColours,
  type MaskChange,
} from '../../src-renderer/features/layers/mask-pixels'

const repetitions = 21
/** The picture of a large window. */
const space = { width: 1400, height: 420 }
const shapes: readonly (readonly number[])[] = [
  [500, 512],
  [1000, 1000],
  [4000, 2500],
]

/** Prints how long one picture of a mask takes: counting, the visible part at 1 pixel per weight, and the whole made smaller. */
export function measure(): Promise<void> {
  console.log(`S = 0.9, a tenth replaced; ${space.width} × ${space.height} pixels; medians of ${repetitions}, ms\n`)
  console.log('| weights | counts | visible part at 1× | whole, made to fit |')
  console.log('| ---: | ---: | ---: | ---: |')
  for (const shape of shapes) {
    const change = maskChange(shape[0] * shape[1])
    const layout = maskLayout(shape, space.width, false)
    const scale = fittingScale(shape, space, false)
    const shrunk = maskLayout(shape, Math.floor(space.width / scale), false)
    const visible = {
      x: 0,
      y: 0,
      width: Math.min(layout.width, space.width),
      height: Math.min(layout.height, space.height),
    }
    const times = [
      median(() => countStates(change, shape[0] * shape[1])),
      median(() => drawCells(change, layout, visible, colours)),
      median(() => (scale < 1 ? drawOverview(change, shrunk, Math.round(1 / scale), colours) : null)),
    ]
    console.log(`| ${shape[0] * shape[1]} | ${times.map((time) => time.toFixed(1)).join(' | ')} |`)
  }
  return Promise.resolve()
}

const colours = Object.fromEntries(cellStates.map((state, index) => [state, [index, 0, 0]])) as unknown as CellColours

function maskChange(weights: number): MaskChange {
  const stream = namedStream(1, 'bench/masks')
  const before = Uint8Array.from({ length: weights }, () => (stream.uniform() < 0.1 ? 1 : 0))
  const after = before.map((bit) => (stream.uniform() < (bit === 1 ? 0.1 : 0.011) ? 1 - bit : bit))
  const earlier = before.map((bit) => (bit === 1 || stream.uniform() < 0.1 ? 1 : 0))
  return { bits: packBits(after), before: packBits(before), earlier: packBits(earlier) }
}

function median(work: () => unknown): number {
  const times: number[] = []
  for (let time = 0; time < repetitions; time++) {
    const before = process.cpuUsage()
    work()
    times.push(milliseconds(process.cpuUsage(before)))
  }
  return times.sort((a, b) => a - b)[Math.floor(repetitions / 2)]
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000
}
