// The nouns of the HTTP API under the names that the console uses. Their shapes come from schema.d.ts, which
// `npm run types` generates from api/openapi.json: a change of the API that a page does not expect does not compile.
// Times are RFC 3339 with nanoseconds, 64-bit integers are strings of digits.
import type { components } from './schema'

type S = components['schemas']

/** A name in both languages; one of them is empty where a person typed only the other. */
export type Text = S['Text']

export interface Page<T> {
  /** null where a list is empty. */
  items: T[] | null
  next?: string
}

export type Org = S['Org']
export type Person = S['Person']
export type Me = S['Me']
export type Role = S['RoleIn']['role']
export type OneTimeLink = S['OneTimeLink']
export type InvitedPerson = S['Invited']
export type ApiToken = S['APIToken']
export type NewApiToken = S['NewAPIToken']
export type AuditEntry = S['AuditEntry']

export type PlantNode = S['NodeView']
export type NodeKind = PlantNode['kind']
export type Point = S['PointView']
export type Machine = S['MachineView']
export type TemplateSummary = S['TemplateSummary']
export type EquipmentClass = S['Class']
export type ValueType = Point['type']

export type Series = S['Series']
export type Status = S['Status']
export type StatusClass = Status['class']

export type Sample = S['Sample']
export type SampleValue = Sample['value']
export type Origin = Sample['origin']
export type Latest = S['Latest']
export type Plot = S['Samples']
export type LiveState = Latest['state']

export type Gateway = S['View']
export type GatewayLink = S['LinkView']
export type Trouble = S['Trouble']
export type EnrolCode = S['CreateEnrolmentCodeResponse']
export type Feed = S['FeedView']
export type Driver = S['DriverView']
export type Connection = S['ConnectionView']

export type Source = S['IngestView']
export type SourceTrouble = S['IngestTrouble']
export type SourceKind = S['IngestView2']
export type SourceDevice = S['DeviceView']
export type Metric = S['MetricView']
export type Credential = S['CredentialView']
export type Census = S['CensusView']

export type Disk = S['DiskView']
export type Retention = S['RulesView']
export type RetentionClass = S['ClassView']
export type Term = S['TermView']
export type Assignment = S['AssignmentView']
export type Hold = S['HoldView']

export type CalendarSummary = S['CalendarSummary']
export type Calendar = S['CalendarView']
export type CalendarVersion = S['CalendarVersionView']
export type CalendarPreset = S['Preset']
export type CalendarDefinition = S['Definition']
export type Bucket = S['BucketView']
export type NodeCalendar = S['NodeCalendarView']

/** A backup that was asked for. Its 64-bit figures come as strings of digits, its input and output as JSON. */
export type BackupJob = Omit<S['Job'], 'done' | 'total'> & { done: string; total: string }

export type Condition = S['Condition']
export type NodeInfo = S['NodeStatus']
