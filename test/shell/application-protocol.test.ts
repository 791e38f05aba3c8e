import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  contentSecurityPolicy,
  fileOf,
  registerApplicationScheme,
  serveApplication,
} from '../../src-main/shell/application-protocol'
import { protocol } from '../mocks/electron'

const outer = mkdtempSync(join(tmpdir(), 'espalier-protocol-'))
const folder = join(outer, 'renderer')

beforeAll(() => {
  mkdirSync(join(folder, 'assets'), { recursive: true })
  mkdirSync(join(outer, 'renderer-secret'))
  writeFileSync(join(folder, 'index.html'), '<p>page</p>')
  writeFileSync(join(folder, 'assets/a b.js'), 'export {}')
  writeFileSync(join(folder, 'notes.exe'), 'no')
  writeFileSync(join(outer, 'secret.json'), '{}')
  writeFileSync(join(outer, 'renderer-secret/secret.json'), '{}')
  serveApplication(folder)
})

function fetchPage(address: string, method = 'GET'): Promise<Response> {
  const handler = protocol.handlers.get('app')
  if (handler === undefined) throw new Error('no handler for app:')
  // A Request would normalise the address; what reaches the handler is the address as it was asked for.
  return handler({ url: address, method } as Request)
}

describe('app://', () => {
  it('is registered as a standard, secure scheme', () => {
    registerApplicationScheme()
    expect(protocol.schemes).toMatchObject([{ scheme: 'app', privileges: { standard: true, secure: true } }])
  })

  it('serves the page with its type and the content security policy', async () => {
    const page = await fetchPage('app://espalier/')
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toBe(contentSecurityPolicy)
    expect(await page.text()).toBe('<p>page</p>')
    const script = await fetchPage('app://espalier/assets/a%20b.js')
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  })

  it('allows neither inline script nor anything from elsewhere', () => {
    expect(contentSecurityPolicy).toContain("default-src 'none'")
    expect(contentSecurityPolicy).not.toMatch(/unsafe|https?:|\*/)
  })

  it.each([
    'app://espalier/../secret.json',
    'app://espalier/%2e%2e/secret.json',
    'app://espalier/..%2fsecret.json',
    'app://espalier/assets/..%2f..%2fsecret.json',
    'app://espalier/..%2frenderer-secret%2fsecret.json',
    'app://espalier//etc/passwd.json',
    'app://elsewhere/index.html',
    'app://espalier/%00index.html',
    'app://espalier/%zz',
    'app://espalier/missing.js',
    'app://espalier/notes.exe',
    'file:///etc/hostname.json',
  ])('refuses %s', async (address) => {
    expect((await fetchPage(address)).status).toBe(404)
  })

  it('names no file outside its folder', () => {
    expect(fileOf(folder, 'app://espalier/..%2fsecret.json')).toBeNull()
    expect(fileOf(folder, 'app://espalier/..%2frenderer-secret%2fsecret.json')).toBeNull()
    expect(fileOf(folder, 'app://espalier/assets/x.js')).toBe(join(folder, 'assets/x.js'))
  })

  it('answers reading requests only', async () => {
    expect((await fetchPage('app://espalier/', 'POST')).status).toBe(405)
  })
})
