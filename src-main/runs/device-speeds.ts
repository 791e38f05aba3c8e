import { z } from 'zod'
import type { DeviceSpeed } from '../contract/devices'
import { readJson, writeJson } from '../sessions/json-file'

const speedsSchema = z.object({
  /** What the devices were measured with; other software is measured anew. */
  measuredWith: z.string(),
  devices: z.record(z.string(), z.array(z.object({ sparsity: z.number(), imagesPerSecond: z.number().nonnegative() }))),
})

/** The speeds of this computer's devices, measured once and kept in a file. */
export class DeviceSpeeds {
  #known: Promise<z.output<typeof speedsSchema>> | null = null

  constructor(
    private readonly file: string,
    private readonly measuredWith: string,
  ) {}

  async of(device: string): Promise<readonly DeviceSpeed[] | null> {
    return (await this.#read()).devices[device] ?? null
  }

  async remember(device: string, speed: readonly DeviceSpeed[]): Promise<void> {
    const known = await this.#read()
    known.devices[device] = [...speed]
    await writeJson(this.file, known)
  }

  #read(): Promise<z.output<typeof speedsSchema>> {
    const nothing = { measuredWith: this.measuredWith, devices: {} }
    this.#known ??= readJson(this.file, speedsSchema).then(
      (known) => (known.measuredWith === this.measuredWith ? known : nothing),
      // Not measured yet, or by a version that wrote something else.
      () => nothing,
    )
    return this.#known
  }
}
