package shown

import (
	"fmt"

	"jingwei/internal/telemetry"
)

// Status is the code as the source gave it.
type Status struct {
	Code  uint32 `json:"code" doc:"OPC UA StatusCode"`
	Name  string `json:"name" doc:"Its name in OPC 10000-6 A.2"`
	Class string `json:"class" enum:"good,uncertain,bad"`
}

// names of the codes that a value can carry, and of those that a driver gives one when its protocol fails, by the upper
// half of the code (OPC 10000-6, A.2).
var names = map[uint16]string{
	0x0000: "Good", 0x002E: "GoodCompletesAsynchronously", 0x002F: "GoodOverload", 0x0030: "GoodClamped",
	0x0096: "GoodLocalOverride", 0x00EB: "GoodSubNormal", 0x00A2: "GoodEntryInserted", 0x00A3: "GoodEntryReplaced",
	0x00A5: "GoodNoData", 0x00A6: "GoodMoreData", 0x00D9: "GoodDataIgnored", 0x00DC: "GoodEdited", 0x00DD: "GoodPostActionFailed",
	0x00E0: "GoodDependentValueChanged", 0x00A7: "GoodCommunicationEvent", 0x00AA: "GoodNonCriticalTimeout",
	0x0401: "GoodCascadeInitializationAcknowledged", 0x0402: "GoodCascadeInitializationRequest", 0x0403: "GoodCascadeNotInvited",
	0x0404: "GoodCascadeNotSelected", 0x0407: "GoodFaultStateActive", 0x0408: "GoodInitiateFaultState", 0x0409: "GoodCascade",

	0x4000: "Uncertain", 0x408F: "UncertainNoCommunicationLastUsableValue", 0x4090: "UncertainLastUsableValue",
	0x4091: "UncertainSubstituteValue", 0x4092: "UncertainInitialValue", 0x4093: "UncertainSensorNotAccurate",
	0x4094: "UncertainEngineeringUnitsExceeded", 0x4095: "UncertainSubNormal", 0x40A4: "UncertainDataSubNormal",
	0x40DE: "UncertainDominantValueChanged", 0x40E2: "UncertainDependentValueChanged", 0x40F2: "UncertainOverRange",
	0x40F3: "UncertainUnderRange", 0x4208: "UncertainTransducerInManual", 0x4209: "UncertainSimulatedValue",
	0x420A: "UncertainSensorCalibration", 0x420F: "UncertainConfigurationError",

	0x8000: "Bad", 0x8001: "BadUnexpectedError", 0x8002: "BadInternalError", 0x8003: "BadOutOfMemory", 0x8004: "BadResourceUnavailable",
	0x8005: "BadCommunicationError", 0x8006: "BadEncodingError", 0x8007: "BadDecodingError", 0x8008: "BadEncodingLimitsExceeded",
	0x8009: "BadUnknownResponse", 0x800A: "BadTimeout", 0x800B: "BadServiceUnsupported", 0x800C: "BadShutdown",
	0x800D: "BadServerNotConnected", 0x800E: "BadServerHalted", 0x800F: "BadNothingToDo", 0x8010: "BadTooManyOperations",
	0x8011: "BadDataTypeIdUnknown", 0x8012: "BadCertificateInvalid", 0x8013: "BadSecurityChecksFailed", 0x801F: "BadUserAccessDenied",
	0x8022: "BadSecureChannelIdInvalid", 0x8023: "BadInvalidTimestamp", 0x8025: "BadSessionIdInvalid", 0x8026: "BadSessionClosed",
	0x8028: "BadSubscriptionIdInvalid", 0x8031: "BadNoCommunication", 0x8032: "BadWaitingForInitialData", 0x8033: "BadNodeIdInvalid",
	0x8034: "BadNodeIdUnknown", 0x8035: "BadAttributeIdInvalid", 0x8036: "BadIndexRangeInvalid", 0x8037: "BadIndexRangeNoData",
	0x8038: "BadDataEncodingInvalid", 0x8039: "BadDataEncodingUnsupported", 0x803A: "BadNotReadable", 0x803B: "BadNotWritable",
	0x803C: "BadOutOfRange", 0x803D: "BadNotSupported", 0x803E: "BadNotFound", 0x803F: "BadObjectDeleted", 0x8040: "BadNotImplemented",
	0x8041: "BadMonitoringModeInvalid", 0x8042: "BadMonitoredItemIdInvalid", 0x8073: "BadWriteNotSupported", 0x8074: "BadTypeMismatch",
	0x807D: "BadTcpServerTooBusy", 0x807E: "BadTcpMessageTypeInvalid", 0x8080: "BadTcpMessageTooLarge",
	0x8081: "BadTcpNotEnoughResources", 0x8082: "BadTcpInternalError", 0x8084: "BadRequestInterrupted", 0x8085: "BadRequestTimeout",
	0x8086: "BadSecureChannelClosed", 0x8088: "BadSequenceNumberInvalid", 0x8089: "BadConfigurationError", 0x808A: "BadNotConnected",
	0x808B: "BadDeviceFailure", 0x808C: "BadSensorFailure", 0x808D: "BadOutOfService", 0x808E: "BadDeadbandFilterInvalid",
	0x809B: "BadNoData", 0x809D: "BadDataLost", 0x809E: "BadDataUnavailable", 0x809F: "BadEntryExists", 0x80A0: "BadNoEntryExists",
	0x80A1: "BadTimestampNotSupported", 0x80AB: "BadInvalidArgument", 0x80AC: "BadConnectionRejected", 0x80AD: "BadDisconnect",
	0x80AE: "BadConnectionClosed", 0x80AF: "BadInvalidState", 0x80B0: "BadEndOfStream", 0x80B1: "BadNoDataAvailable",
	0x80B2: "BadWaitingForResponse", 0x80B3: "BadOperationAbandoned", 0x80B5: "BadWouldBlock", 0x80B6: "BadSyntaxError",
	0x80B7: "BadMaxConnectionsReached", 0x80B8: "BadRequestTooLarge", 0x80B9: "BadResponseTooLarge", 0x80D5: "BadAggregateNotSupported",
	0x80D6: "BadAggregateInvalidInputs", 0x80D7: "BadBoundNotFound", 0x80E1: "BadDominantValueChanged", 0x80E3: "BadDependentValueChanged",
	0x80EE: "BadServerTooBusy", 0x80F0: "BadNoValue", 0x810E: "BadLicenseExpired", 0x810F: "BadLicenseLimitsExceeded",
	0x8110: "BadLicenseNotAvailable", 0x8112: "BadNumericOverflow", 0x8119: "BadEditedOutOfRange", 0x811A: "BadInitialValueOutOfRange",
	0x811B: "BadOutOfRangeDominantValueChanged",
}

// StatusName is the standard name of a code without its information bits (limits, overflow, historian); a code that is
// not in the table is told by its class and number.
func StatusName(s telemetry.Status) string {
	if name, ok := names[uint16(s>>16)]; ok {
		return name
	}
	return fmt.Sprintf("%s0x%08X", map[string]string{"good": "Good", "uncertain": "Uncertain", "bad": "Bad"}[class(s)], uint32(s)&0xFFFF0000)
}

// class is what the two highest bits say.
func class(s telemetry.Status) string {
	switch {
	case s.IsGood():
		return "good"
	case s.IsUncertain():
		return "uncertain"
	}
	return "bad"
}

// StatusOf words a code.
func StatusOf(s telemetry.Status) Status {
	return Status{Code: uint32(s), Name: StatusName(s), Class: class(s)}
}
