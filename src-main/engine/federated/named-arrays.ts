/** Arrays that a method sends or remembers, by its own names. All of them survive a checkpoint bit for bit. */
export type NamedArrays = Readonly<Record<string, NumberArray>>
export type NumberArray = Float32Array | Float64Array | Int32Array | Uint8Array

/** One array that must be there, of the given kind. */
export function arrayOf<Kind extends NumberArray>(
  arrays: NamedArrays,
  name: string,
  kind: new (length: number) => Kind,
): Kind {
  const array = arrays[name] as NumberArray | undefined
  if (array instanceof kind) return array
  throw new Error(`the array ${name} is ${array === undefined ? 'missing' : 'of another kind'}`)
}
