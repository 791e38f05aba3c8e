import type { UnitDegrees } from '../../contract/layers'

interface Layer {
  readonly layer: string
  /** PyTorch's order: outputs, inputs, kernel. */
  readonly shape: readonly number[]
  /** Packed bits. */
  readonly bits: Uint8Array
}

/**
 * In- and out-degree of every unit of a chain of layers. Behind a flattening, the inputs of a dense layer are the pixels of
 * the channels before it, channel by channel.
 */
export function unitDegrees(layers: readonly Layer[]): UnitDegrees[] {
  const degrees = layers.map(countDegrees)
  return layers.map(({ layer }, index) => {
    const { perOutput } = degrees[index]
    const next = degrees.at(index + 1)
    return {
      layer,
      incoming: [...perOutput],
      outgoing: next === undefined ? null : fold(next.perInput, perOutput.length),
    }
  })
}

function countDegrees({ shape, bits }: Layer) {
  const [outputs, inputs = 1, ...kernel] = shape
  const kernelSize = kernel.reduce((product, size) => product * size, 1)
  const perOutput = new Uint32Array(outputs)
  const perInput = new Uint32Array(inputs)
  for (let byte = 0; byte < bits.length; byte++) {
    for (let rest = bits[byte]; rest !== 0; rest &= rest - 1) {
      const connection = Math.floor((byte * 8 + 31 - Math.clz32(rest & -rest)) / kernelSize)
      perInput[connection % inputs]++
      perOutput[Math.floor(connection / inputs)]++
    }
  }
  return { perOutput, perInput }
}

function fold(perInput: Uint32Array, units: number): number[] | null {
  const each = perInput.length / units
  // Two layers that do not follow one another share no units.
  if (!Number.isInteger(each)) return null
  return Array.from({ length: units }, (_, unit) =>
    perInput.subarray(unit * each, (unit + 1) * each).reduce((sum, count) => sum + count, 0),
  )
}
