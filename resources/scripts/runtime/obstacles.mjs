// What keeps a window from opening on this machine.
import { spawnSync } from 'node:child_process'

/**
 * Why no window can open, as far as can be told before there is a runtime; or null.
 * @param {NodeJS.Platform} platform
 * @param {NodeJS.ProcessEnv} environment
 * @param {number | undefined} userId
 */
export function displayObstacle(platform, environment, userId) {
  if (platform !== 'linux') return null
  if (!environment['DISPLAY'] && !environment['WAYLAND_DISPLAY']) {
    return 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)'
  }
  if (userId === 0 && !acceptsNoSandbox(environment)) {
    return 'as root Electron runs only without its sandbox; use an ordinary account, or accept that with ESPALIER_NO_SANDBOX=1 npm start'
  }
  return null
}

/**
 * Whether the user has said that pages may run without the sandbox.
 * @param {NodeJS.ProcessEnv} environment
 */
export function acceptsNoSandbox(environment) {
  return environment['ESPALIER_NO_SANDBOX'] === '1'
}

/**
 * Shared libraries that the executable needs and this machine lacks, as one reason, or null.
 * @param {string} executable
 */
export function missingLibraries(executable) {
  if (process.platform !== 'linux') return null
  const answer = spawnSync('ldd', [executable], { encoding: 'utf8' })
  const missing = [...answer.stdout.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1])
  if (missing.length === 0) return null
  return (
    `shared libraries are missing (${missing.join(', ')}); on Debian and Ubuntu install ` +
    'libgtk-3-0 libnss3 libasound2 libgbm1 libxss1 libatk-bridge2.0-0 libdrm2 libxkbcommon0 libcups2'
  )
}
