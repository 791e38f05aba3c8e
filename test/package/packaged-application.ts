import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Desktop } from '../desktop'

const packages = resolve(import.meta.dirname, '../../out/packages')

/** The folder that `npm run package` made, its executable and its resources. */
export function packagedApplication(): { folder: string; executable: string; resources: string } {
  const name = existsSync(packages) ? readdirSync(packages).find((entry) => /unpacked$|^mac/.test(entry)) : undefined
  if (name === undefined) throw new Error('run these tests with: npm test -- package')
  const folder = join(packages, name)
  if (process.platform === 'darwin') {
    const contents = join(folder, 'Espalier.app/Contents')
    return { folder, executable: join(contents, 'MacOS/Espalier'), resources: join(contents, 'Resources') }
  }
  const executable = join(folder, process.platform === 'win32' ? 'Espalier.exe' : 'espalier')
  return { folder, executable, resources: join(folder, 'resources') }
}

/** Opens the packaged application. */
export function openPackaged(home: string): Promise<Desktop> {
  return Desktop.open({ executable: packagedApplication().executable, home })
}
