import { describe, expect, it } from 'vitest'

import { snippets } from './snippets'

const c = { id: 'ID', secret: 'SECRET' }
const text = (of: Parameters<typeof snippets>[0], id: string, who = c) =>
  snippets(of, who).find((x) => x.id === id)?.text ?? ''

describe('snippets', () => {
  it('of a push source hold address and credential', () => {
    const source = { kind: 'push', transport: 'http', config: {}, endpoint: { http: 'https://n:8443/push' } } as const
    expect(snippets(source, c).map((x) => x.id)).toEqual(['curl', 'telegraf', 'prometheus', 'otlp'])
    expect(text(source, 'curl')).toContain('curl https://n:8443/push/json')
    expect(text(source, 'curl')).toContain("'Authorization: Bearer ID:SECRET'")
    expect(text(source, 'telegraf')).toContain('urls = ["https://n:8443/push"]')
    expect(text(source, 'prometheus')).toContain('url: https://n:8443/push/api/v1/write')
    expect(text(source, 'otlp')).toContain('=https://n:8443/push/v1/metrics')
  })
  it('of MQTT publish what the first mapping that takes values takes', () => {
    const source = {
      kind: 'mqtt',
      transport: 'broker',
      config: {
        mappings: [
          { topic: 'z/#', shape: 'ignore' },
          { topic: '/sys/{product}/{device}/post', root: '$.params' },
        ],
      },
      endpoint: { mqtt: 'mqtts://[fd00::1]:8883' },
    } as const
    const got = text(source, 'mosquitto', { ...c, device: "oven'1" } as typeof c)
    expect(got).toContain('-h fd00::1 -p 8883 --cafile authority.pem')
    expect(got).toContain(`-t '/sys/product-1/oven'\\''1/post'`)
    expect(got).toContain(`-m '{"params":{"temperature":21.5,"humidity":48}}'`)
    const plain = {
      ...source,
      config: { mappings: [{ topic: 'f/{area}/{device}/{metric}', shape: 'value' }] },
      endpoint: { mqtt: 'mqtt://h:1883' },
    }
    expect(text(plain, 'mosquitto')).toContain("-t 'f/area-1/device-1/temperature'")
    expect(text(plain, 'mosquitto')).not.toContain('cafile')
  })
  it('of Sparkplug are the settings of an edge node', () => {
    const source = { kind: 'sparkplug', transport: 'broker', config: {}, endpoint: { mqtt: 'mqtts://n:8883' } } as const
    expect(text(source, 'edge', { ...c, device: 'Hall/Node3' } as typeof c)).toMatch(/group +Hall\nedge node Node3/)
  })
})
