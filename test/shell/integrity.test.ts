import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { verifyApplication } from '../../src-main/shell/integrity'
import { temporaryFolder } from '../sessions/temporary-folder'

let resources = ''
const verify = () => verifyApplication(resources, createReadStream)

beforeEach(() => {
  resources = temporaryFolder()
  mkdirSync(join(resources, 'app.asar.unpacked'))
  const checksums: Record<string, string> = {}
  for (const name of ['app.asar', 'app.asar.unpacked/sparse.node']) {
    writeFileSync(join(resources, name), `content of ${name}`)
    checksums[name] = createHash('sha256').update(`content of ${name}`).digest('hex')
  }
  writeFileSync(join(resources, 'checksums.json'), JSON.stringify(checksums))
})

describe('the packaged files', () => {
  it('are as they were packaged', async () => {
    expect(await verify()).toEqual({ filesChecked: 2, problems: [] })
  })

  it('are named when they were changed or are gone', async () => {
    writeFileSync(join(resources, 'app.asar'), 'something else')
    rmSync(join(resources, 'app.asar.unpacked/sparse.node'))
    const { problems } = await verify()
    expect(problems[0]).toBe('app.asar: changed since it was packaged')
    expect(problems[1]).toMatch(/^app\.asar\.unpacked\/sparse\.node: ENOENT/)
  })

  it('cannot be compared without their list, and no file outside is read', async () => {
    writeFileSync(join(resources, 'checksums.json'), '{"../../etc/passwd":"00"}')
    expect((await verify()).problems).toEqual(['../../etc/passwd: outside the application'])
    writeFileSync(join(resources, 'checksums.json'), '[')
    expect(await verify()).toEqual({ filesChecked: 0, problems: ['checksums.json: missing or not readable'] })
  })
})
