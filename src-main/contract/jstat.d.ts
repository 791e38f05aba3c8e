/** The part of jStat that is used; it comes without types. */
declare module 'jstat' {
  interface Distributions {
    readonly normal: { inv(probability: number, mean: number, deviation: number): number }
    readonly studentt: { inv(probability: number, degreesOfFreedom: number): number }
    readonly noncentralt: { cdf(t: number, degreesOfFreedom: number, noncentrality: number): number }
  }
  const jStat: Distributions
  export default jStat
}
