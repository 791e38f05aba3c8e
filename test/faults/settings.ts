import { createHash } from 'node:crypto'

/** What `run.mjs` asks for; its flags and their defaults are described there. */
export const settings = {
  seed: Number(process.env['FAULTS_SEED'] ?? 1),
  kills: Number(process.env['FAULTS_KILLS'] ?? 5),
  cases: Number(process.env['FAULTS_CASES'] ?? 60),
  isFull: process.env['FAULTS_FULL'] === '1',
  loads: (process.env['FAULTS_LOAD'] ?? '').split(',').filter((name) => name !== ''),
  /** Folder of the built application that is put to the test. */
  application: process.env['FAULTS_APPLICATION'] ?? '',
  electron: process.env['FAULTS_ELECTRON'] ?? '',
  /** Why no window can be opened here; empty where one can. */
  withoutWindow: process.env['FAULTS_WITHOUT_WINDOW'] ?? '',
} as const

/** Chance that depends on the seed and the name of what is drawn alone, so that one case can be repeated without the others. */
export class Chance {
  #draws = 0
  constructor(private readonly name: string) {}

  /** From 0 up to, but not including, 1. */
  share(): number {
    const text = `${settings.seed} ${this.name} ${this.#draws++}`
    return createHash('sha256').update(text).digest().readUInt32LE() / 2 ** 32
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end: number): number {
    return Math.floor(this.share() * end)
  }

  oneOf<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]
  }
}
