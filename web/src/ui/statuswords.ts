import type { Key } from '../i18n'

/** statusWords are plain words for the OPC UA statuses that the product itself sets (OPC 10000-6, A.2). */
export const statusWords: Partial<Record<string, Key>> = {
  Good: 'status.Good',
  Uncertain: 'status.Uncertain',
  UncertainLastUsableValue: 'status.UncertainLastUsableValue',
  UncertainLastUsable: 'status.UncertainLastUsableValue',
  Bad: 'status.Bad',
  BadNoCommunication: 'status.BadNoCommunication',
  BadNodeIdUnknown: 'status.BadNodeIdUnknown',
  BadOutOfRange: 'status.BadOutOfRange',
  BadTimeout: 'status.BadTimeout',
  BadDecodingError: 'status.BadDecodingError',
  BadConfigurationError: 'status.BadConfigurationError',
  BadNotConnected: 'status.BadNotConnected',
  BadDeviceFailure: 'status.BadDeviceFailure',
  BadOutOfService: 'status.BadOutOfService',
  BadWaitingForInitialData: 'status.BadWaitingForInitialData',
}
