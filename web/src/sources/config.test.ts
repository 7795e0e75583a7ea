import { describe, expect, it } from 'vitest'

import mqtt from '../../../internal/connect/ingest/mqttjson/schema.json'
import push from '../../../internal/connect/ingest/push/schema.json'
import { jsonFault, remoteSchema, split, toConfig, toFields } from './config'

describe('a configuration in a form', () => {
  it('writes what is nested as JSON and gives it back as it was', () => {
    const parts = split(mqtt)
    if (!parts) throw new Error('the schema of MQTT JSON is none')
    expect(Object.keys(parts.nested.properties)).toEqual(['mappings'])
    expect(Object.keys(parts.plain.properties)).toEqual(['subscribe', 'maxMetrics'])
    const config = { mappings: [{ topic: 'a/{device}', exclude: ['x.*'] }], subscribe: ['a/#'], maxMetrics: 20 }
    const fields = toFields(parts, config)
    expect(fields.mappings).toContain('"topic": "a/{device}"')
    expect(toConfig(parts, fields)).toEqual(config)
    expect(toConfig(parts, { ...fields, mappings: ' ', maxMetrics: 500 })).toEqual({ subscribe: ['a/#'] })
  })
  it('has no JSON where all is plain', () => {
    const parts = split(push)
    expect(Object.keys(parts?.nested.properties ?? {})).toEqual([])
    expect(parts && toConfig(parts, { omit: ['job'], otlpScope: false })).toEqual({ omit: ['job'] })
  })
  it('says what is wrong with a text that is no JSON', () => {
    expect(jsonFault('[{]')).toMatch(/JSON/)
    expect(jsonFault('[]')).toBeUndefined()
    expect(jsonFault(undefined)).toBeUndefined()
  })
})

describe('the schema of an external broker', () => {
  it('is brought into the form of the others', () => {
    const schema = remoteSchema({
      required: ['url'],
      properties: { url: { type: 'string', title: 'Address', 'x-title-zh': '地址' } },
    })
    expect(schema?.properties.url?.['x-zh']?.title).toBe('地址')
    expect(remoteSchema(undefined)).toBeUndefined()
  })
})
