import type { components } from '../api/schema'

type S = components['schemas']

export type PlantHealth = S['PlantHealth']
export type NodeHealth = S['NodeHealth']
export type SeriesHealth = S['SeriesHealth']
export type HealthSum = S['HealthSum']
export type SeriesGaps = S['SeriesGaps']
export type Gap = S['GapToTell']
export type GapFact = S['GapFact']
