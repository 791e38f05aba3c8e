import { version } from '../../package.json'

/** Version of the application, from package.json. */
export const applicationVersion = version

/** What a run's manifest records of the software it ran on. */
export function versions(): Record<string, string> {
  const parts = ['node', 'v8', 'electron'].flatMap((name): [string, string][] => {
    const found = process.versions[name]
    return found === undefined ? [] : [[name, found]]
  })
  return { espalier: applicationVersion, ...Object.fromEntries(parts) }
}
