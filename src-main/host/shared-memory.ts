import type { LabelledImages, MaskedModel } from '../engine/trainer/trainer'

/** The images with their bytes in shared memory; those that already are stay as they are. */
export function shareImages(images: LabelledImages): LabelledImages {
  return { ...images, pixels: shareBytes(images.pixels), labels: shareBytes(images.labels) }
}

/** A function that puts models into shared memory, each array once however many jobs carry it. */
export function modelSharer(): <Model extends MaskedModel>(model: Model) => Model {
  const parameters = new Map<Float32Array, Float32Array>()
  const masks = new Map<Uint8Array, Uint8Array>()
  return (model) => ({
    ...model,
    parameters: once(parameters, model.parameters, (values) => {
      const shared = new Float32Array(new SharedArrayBuffer(values.byteLength))
      shared.set(values)
      return shared
    }),
    mask: once(masks, model.mask, shareBytes),
  })
}

function once<Value extends object>(known: Map<Value, Value>, value: Value, share: (value: Value) => Value): Value {
  const shared = known.get(value) ?? share(value)
  known.set(value, shared)
  return shared
}

function shareBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  shared.set(bytes)
  return shared
}
