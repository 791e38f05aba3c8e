import { z } from 'zod'
import type { DeviceSpeed } from '../contract/devices'
import { readJson, writeJson } from '../sessions/json-file'

const measurementSchema = z.object({
  /** What the devices were measured with: other software, such as the window's against the command line's, is measured anew. */
  measuredWith: z.string(),
  devices: z.record(z.string(), z.array(z.object({ sparsity: z.number(), imagesPerSecond: z.number().nonnegative() }))),
})
/** The last ones, the newest first. */
const speedsSchema = z.array(measurementSchema)
const kept = 4

type Measurement = z.output<typeof measurementSchema>

/** The speeds of this computer's devices, measured once with each software and kept in a file. */
export class DeviceSpeeds {
  #known: Promise<Measurement> | null = null

  constructor(
    private readonly file: string,
    private readonly measuredWith: string,
  ) {}

  async of(device: string): Promise<readonly DeviceSpeed[] | null> {
    return (await this.#ours()).devices[device] ?? null
  }

  async remember(device: string, speed: readonly DeviceSpeed[]): Promise<void> {
    const ours = await this.#ours()
    ours.devices[device] = [...speed]
    const others = (await this.#read()).filter(({ measuredWith }) => measuredWith !== this.measuredWith)
    await writeJson(this.file, [ours, ...others].slice(0, kept))
  }

  #ours(): Promise<Measurement> {
    this.#known ??= this.#read().then(
      (all) =>
        all.find(({ measuredWith }) => measuredWith === this.measuredWith) ?? {
          measuredWith: this.measuredWith,
          devices: {},
        },
    )
    return this.#known
  }

  /** Nothing where nothing was measured yet, or by a version that wrote something else. */
  #read(): Promise<Measurement[]> {
    return readJson(this.file, speedsSchema).catch(() => [])
  }
}
