import { countBits } from './packed-masks'

/**
 * How long connections live, followed from mask to mask of one layer (packed bits, see pack-bits). A connection is born when
 * its weight becomes active and dies when it stops; a weight that grows again begins a new connection.
 */
export class MaskHistory {
  readonly #weights: number
  /** For every active weight, the number of the mask in which its connection was born. */
  readonly #bornIn: Uint32Array
  readonly #everActive: Uint8Array
  #previous: Uint8Array | null = null
  /** Rounds that were trained before each mask. */
  readonly #roundsBefore: number[] = []
  /** Over the connections alive: the sum of the rounds trained before their births. */
  #birthSum = 0
  /** Connections that died at an age of so many updates. */
  readonly #deaths: number[] = []
  readonly #meanAge: number[] = []
  readonly #regrown: number[] = []

  constructor(weights: number) {
    this.#weights = weights
    this.#bornIn = new Uint32Array(weights)
    this.#everActive = new Uint8Array(Math.ceil(weights / 8))
  }

  /** Takes the next mask; `roundsBefore` rounds were trained before it came into force. */
  add(bits: Uint8Array, roundsBefore: number): void {
    const update = this.#roundsBefore.length
    const previous = this.#previous ?? new Uint8Array(bits.length)
    let regrown = 0
    for (let byte = 0; byte < bits.length; byte++) {
      let changed = bits[byte] ^ previous[byte]
      while (changed !== 0) {
        const bit = 31 - Math.clz32(changed & -changed)
        changed &= changed - 1
        const weight = byte * 8 + bit
        if (((bits[byte] >> bit) & 1) === 1) {
          this.#bornIn[weight] = update
          this.#birthSum += roundsBefore
          if (((this.#everActive[byte] >> bit) & 1) === 1) regrown++
        } else {
          const born = this.#bornIn[weight]
          this.#birthSum -= this.#roundsBefore[born]
          const age = update - born
          this.#deaths[age] = (this.#deaths[age] ?? 0) + 1
        }
      }
      this.#everActive[byte] |= bits[byte]
    }
    this.#previous = bits
    this.#roundsBefore.push(roundsBefore)
    const active = countBits(bits)
    this.#meanAge.push(active === 0 ? 0 : roundsBefore - this.#birthSum / active)
    this.#regrown.push(regrown)
  }

  /** Mean age, in rounds, of the connections alive after each update. */
  get meanAge(): readonly number[] {
    return this.#meanAge
  }

  /** Connections of each update that grew where one had been in an earlier mask. */
  get regrown(): readonly number[] {
    return this.#regrown
  }

  /**
   * Share of connections still alive 0, 1, 2, … updates after their birth (Kaplan & Meier 1958: those alive at the end count
   * for as long as they were seen).
   */
  survival(): number[] {
    const updates = this.#roundsBefore.length
    const leaving = Array.from({ length: updates }, (_, age) => this.#deaths[age] ?? 0)
    for (let weight = 0; weight < this.#weights; weight++) {
      if (((this.#previous?.[weight >> 3] ?? 0) >> (weight & 7)) & 1) leaving[updates - 1 - this.#bornIn[weight]]++
    }
    let atRisk = leaving.reduce((sum, count) => sum + count, 0)
    let alive = 1
    return leaving.map((left, age) => {
      const died = this.#deaths[age] ?? 0
      if (atRisk > 0) alive *= 1 - died / atRisk
      atRisk -= left
      return alive
    })
  }
}
