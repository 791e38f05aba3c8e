import {
  isSlow,
  secondsPerImage,
  type Device,
  type DeviceChoice,
  type DeviceReport,
  type PresentDevice,
} from '@contract/devices'

/** The devices of this computer, once they have been looked for. */
export class Devices {
  reports = $state.raw<readonly DeviceReport[] | null>(null)
  isLooking = $state(false)
  /** The one that is being measured. */
  measuring = $state<Device | null>(null)

  /** What is known of a chosen device; undefined for `auto` and while nothing is known. */
  of(choice: DeviceChoice | ''): DeviceReport | undefined {
    return this.reports?.find(({ device }) => device === choice)
  }

  replace(report: DeviceReport): void {
    this.reports = (this.reports ?? []).map((other) => (other.device === report.device ? report : other))
  }

  /** What a measurement of everything measures: real devices, without the referee that takes minutes. */
  get worthMeasuring(): readonly Device[] {
    return this.#present.filter((report) => !isSlow(report)).map(({ device }) => device)
  }

  /** What `auto` takes at a sparsity. */
  automaticAt(sparsity: number): Device {
    const measured = this.#present.filter(({ isEmulated, speed }) => !isEmulated && speed !== null)
    const seconds = ({ speed }: PresentDevice) => secondsPerImage(speed ?? [], sparsity)
    return measured.sort((one, other) => seconds(one) - seconds(other)).at(0)?.device ?? 'cpu'
  }

  get #present(): PresentDevice[] {
    return (this.reports ?? []).filter((report) => report.state === 'present')
  }
}
