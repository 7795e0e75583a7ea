// The nouns of the HTTP API as the console uses them. Times are RFC 3339 with nanoseconds, 64-bit integers are strings.
// They are the same as the schemas of /openapi.json; `src/api/schema.d.ts`, generated from it, is checked against them
// (see schema.check.ts) once it stands.

/** A name in both languages; either may be missing where a person typed only one. */
export interface Text {
  zh?: string
  en?: string
}

export interface Page<T> {
  /** null where a list is empty. */
  items: T[] | null
  next?: string
}

export type Role = 'owner' | 'engineer' | 'operator' | 'viewer' | 'monitor'

export interface Org {
  id: string
  kind: string
  name: Text
  parent?: string
}

export interface Person {
  id: string
  login: string
  name: string
  disabled?: boolean
  roles?: { org: string; role: Role }[]
  lastSeen?: string
}

export interface Me {
  person: Person
  passwordSet: boolean
  roles: { org: Org; role: Role }[]
}

export interface OneTimeLink {
  /** A path of this console, or a whole address. */
  link: string
  expires: string
}

export interface InvitedPerson extends Person {
  link?: string
  expires?: string
}

export interface ApiToken {
  id: string
  name: string
  org: string
  role: Role
  expires?: string
  creator?: string
  created?: string
  lastUsed?: string
  /** Only in the answer to its creation. */
  token?: string
}

export interface AuditEntry {
  id: string
  time: string
  /** Name at that time. */
  actor: string
  actorKind?: string
  via?: string
  verb: string
  object: string
  before?: unknown
  after?: unknown
  reason?: string
  remote?: string
}

export type NodeKind = 'site' | 'area' | 'line' | 'machine'

export interface PlantNode {
  id: string
  org: string
  kind: NodeKind
  parent?: string
  name: Text
  class?: string
  template?: string
  from: string
  to?: string
  etag?: string
  /** Of a machine: the link and the unit behind it through which it is read. */
  connection?: { link: string; unit: string; gateway?: string }
}

export type ValueType = 'float64' | 'int64' | 'bool' | 'string'

export interface Point {
  id: string
  name: Text
  unit: string
  type: ValueType
  key?: string
  address?: string
  encoding?: string
  every?: string
  maxSilence?: string
  /** Names of the values of an int64 that counts states. */
  values?: { value: string; name: Text }[]
}

export interface Machine extends PlantNode {
  points: Point[]
}

export interface TemplateSummary {
  id: string
  version?: string
  name: Text
  class?: string
  maker?: string
  model?: string
  driver?: string
  points?: number
}

export interface Series {
  id: string
  org: string
  point?: string
  machine?: string
  name: Text
  unit: string
  type: ValueType
  maxSilence?: string
}

export type StatusClass = 'good' | 'uncertain' | 'bad'
export type Origin = 'measured' | 'replayed' | 'manual' | 'imported' | 'computed' | 'unknown'

export interface Status {
  /** The OPC UA StatusCode as the device gave it. */
  code: number
  name: string
  class: StatusClass
}

export type SampleValue = number | string | boolean | null

export interface Sample {
  time: string
  gatewayTime?: string
  value: SampleValue
  status: Status
  flags?: string[]
  origin?: Origin
  revision?: number
  commit?: string
  commitTime?: string
}

export interface PlotSample extends Sample {
  kind: 'first' | 'last' | 'min' | 'max' | 'bad'
}

export interface Plot {
  items: PlotSample[] | null
  from: string
  to: string
  pixels: number
}

export type LiveState = 'live' | 'stale' | 'silent'

export interface Latest {
  series: string
  sample: Sample | null
  state: LiveState
}

export interface Problemlike {
  code: string
  text: Text
  time?: string
}

export interface GatewayLink {
  id: string
  name: Text
  driver: string
  endpoint: string
  state: string
  requestsPerSecond?: number
  errors?: number | string
  lastError?: Problemlike
  config?: Record<string, unknown>
  /** Machines that are read through it, where the node tells them. */
  machines?: { id: string; unit: string }[]
  etag?: string
}

export interface Spool {
  bytes: string
  maxBytes?: string
  /** Batches that the node does not have yet, and the samples in them. */
  records: string
  samples?: string
  oldest?: string
  full?: boolean
  /** Samples that a full spool could not take, and such as the node refused. */
  dropped?: string
  quarantined?: string
}

export interface Driver {
  name: string
  schema: unknown
}

export interface EquipmentClass {
  id: string
  name: Text
}

export interface Gateway {
  id: string
  org: string
  name: Text
  site?: string
  state: 'waiting' | 'online' | 'offline'
  enrolled?: string
  lastSeen?: string
  rttMs?: number
  samplesPerSecond?: number
  spool?: Spool
  lastError?: Problemlike
  version?: string
  clockOffsetMs?: number
  memory?: string
  certificateUntil?: string
  /** The configuration that the node wants is in force at the gateway. */
  configCurrent?: boolean
  links?: GatewayLink[]
  etag?: string
}

export interface EnrolCode {
  code: string
  expires: string
}

export interface Condition {
  id: string
  kind: string
  subject: string
  severity: 'info' | 'warning' | 'error' | 'critical'
  text: Text
  raised: string
  last?: string
  count?: number | string
  attributes?: Record<string, unknown>
}

export interface NodeInfo {
  name: string
  version: string
  started: string
  now: string
  ingest?: {
    samplesPerSecond?: number
    samples?: number | string
    batches?: number | string
    duplicates?: number | string
    refused?: number | string
  }
  log?: { bytes?: number | string; last?: number | string }
  telemetry?: { series?: number | string; blocks?: number | string; bytes?: number | string }
}
