import {
  fastestFirst,
  isForAutomatic,
  isSlow,
  type Device,
  type DeviceChoice,
  type DeviceReport,
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
    return (this.reports ?? [])
      .filter((report) => report.state === 'present' && !isSlow(report))
      .map(({ device }) => device)
  }

  /** What `auto` takes at a sparsity. */
  automaticAt(sparsity: number): Device {
    return fastestFirst((this.reports ?? []).filter(isForAutomatic), sparsity).at(0) ?? 'cpu'
  }
}
