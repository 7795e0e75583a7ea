import type { Source } from '../api/types'

export interface Snippet {
  id: 'curl' | 'telegraf' | 'prometheus' | 'otlp' | 'mosquitto' | 'edge'
  text: string
}

interface Secret {
  id: string
  secret: string
  device?: string
}

/** snippets are ready pieces of configuration with which a device or a collector sends to a source. */
export function snippets(source: Pick<Source, 'kind' | 'transport' | 'config' | 'endpoint'>, c: Secret): Snippet[] {
  if (source.transport === 'http') return pushes((source.endpoint.http ?? '').replace(/\/$/, ''), c)
  const at = broker(source.endpoint.mqtt ?? '')
  return source.kind === 'sparkplug' ? [edge(at, c)] : [publish(at, c, source.config)]
}

function pushes(url: string, c: Secret): Snippet[] {
  const device = c.device ?? 'device-1'
  const body = JSON.stringify({ device, values: { temperature: 21.5, running: true } })
  return [
    {
      id: 'curl',
      text: [
        `curl ${url}/json \\`,
        `  -H ${quote(`Authorization: Bearer ${c.id}:${c.secret}`)} \\`,
        `  -H 'Content-Type: application/json' \\`,
        `  -d ${quote(body)}`,
      ].join('\n'),
    },
    {
      id: 'telegraf',
      text: [
        '[[outputs.influxdb_v2]]',
        `  urls = ["${url}"]`,
        `  token = "${c.id}:${c.secret}"`,
        '  organization = "jingwei"',
        '  bucket = "jingwei"',
      ].join('\n'),
    },
    {
      id: 'prometheus',
      text: [
        'remote_write:',
        `  - url: ${url}/api/v1/write`,
        '    basic_auth:',
        `      username: ${c.id}`,
        `      password: ${JSON.stringify(c.secret)}`,
      ].join('\n'),
    },
    {
      id: 'otlp',
      text: [
        `export OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=${url}/v1/metrics`,
        'export OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=http/protobuf',
        `export OTEL_EXPORTER_OTLP_METRICS_HEADERS="Authorization=Bearer%20${c.id}:${c.secret}"`,
      ].join('\n'),
    },
  ]
}

interface Broker {
  host: string
  port: string
  tls: boolean
  url: string
}

function broker(url: string): Broker {
  const [, scheme = 'mqtt', host = 'HOST', port] = /^(\w+):\/\/(\[[^\]]*\]|[^:/]+)(?::(\d+))?/.exec(url) ?? []
  const tls = scheme === 'mqtts' || scheme === 'wss'
  return { host: host.replace(/^\[|\]$/g, ''), port: port ?? (tls ? '8883' : '1883'), tls, url }
}

function publish(at: Broker, c: Secret, config: unknown): Snippet {
  const { topic, message } = example(config, c.device ?? 'device-1')
  return {
    id: 'mosquitto',
    text: [
      `mosquitto_pub -h ${at.host} -p ${at.port}${at.tls ? ' --cafile authority.pem' : ''} -q 1 \\`,
      `  -u ${c.id} \\`,
      `  -P ${quote(c.secret)} \\`,
      `  -t ${quote(topic)} \\`,
      `  -m ${quote(message)}`,
    ].join('\n'),
  }
}

// Settings that every edge node asks for, by the names that most of them have.
function edge(at: Broker, c: Secret): Snippet {
  const [group = 'Plant1', node = 'Line1'] = c.device?.split('/') ?? []
  return {
    id: 'edge',
    text: [
      `broker    ${at.url}`,
      `user      ${c.id}`,
      `password  ${c.secret}`,
      `namespace spBv1.0`,
      `group     ${group}`,
      `edge node ${node}`,
      `QoS       1`,
    ].join('\n'),
  }
}

interface Mapping {
  topic?: string
  shape?: string
  root?: string
}

/** example is a message that the first mapping which takes values would take. */
function example(config: unknown, device: string): { topic: string; message: string } {
  const mappings = (config as { mappings?: Mapping[] } | null)?.mappings ?? []
  const m = mappings.find((x) => x.shape !== 'ignore' && x.shape !== 'alive') ?? {}
  const topic = (m.topic ?? 'devices/{device}/telemetry')
    .replace(/\{device\}/g, device.split('/').at(-1) ?? device)
    .replace(/\{metric\}/g, 'temperature')
    .replace(/\{(\w+)\}/g, '$1-1')
    .replace(/\+/g, 'x')
    .replace(/#$/, 'x')
  return { topic, message: m.shape === 'value' ? '21.5' : JSON.stringify(payload(m)) }
}

function payload(m: Mapping): unknown {
  const values = m.shape === 'records' ? [{ name: 'temperature', value: 21.5 }] : { temperature: 21.5, humidity: 48 }
  const names = (m.root ?? '$').split('.').slice(1)
  return names.reduceRight<unknown>((inner, name) => ({ [name]: inner }), values)
}

/** quote puts a text for a POSIX shell between single quotes. */
const quote = (text: string) => `'${text.replace(/'/g, `'\\''`)}'`
