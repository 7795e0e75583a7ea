package modbus

import (
	"fmt"

	"jingwei/internal/telemetry"
)

// Exception is the code with which a server refuses a request (V1.1b3, section 7).
type Exception byte

const (
	IllegalFunction Exception = 1
	IllegalAddress  Exception = 2
	IllegalValue    Exception = 3
	DeviceFailure   Exception = 4
	Acknowledge     Exception = 5
	Busy            Exception = 6
	ParityError     Exception = 8
	NoPath          Exception = 0x0A // gateway path unavailable
	NoTarget        Exception = 0x0B // gateway target failed to respond
)

// Error names the exception as the specification does.
func (e Exception) Error() string { return fmt.Sprintf("exception %d (%s)", byte(e), e.name()) }

func (e Exception) name() string {
	switch e {
	case IllegalFunction:
		return "illegal function"
	case IllegalAddress:
		return "illegal data address"
	case IllegalValue:
		return "illegal data value"
	case DeviceFailure:
		return "server device failure"
	case Acknowledge:
		return "acknowledge, still working"
	case Busy:
		return "server device busy"
	case ParityError:
		return "memory parity error"
	case NoPath:
		return "gateway path unavailable"
	case NoTarget:
		return "gateway target does not respond"
	}
	return "unknown"
}

// Status is what a point reads when its request was refused. NoPath and NoTarget do not come here: they mean that the
// whole unit is silent.
func (e Exception) Status() telemetry.Status {
	switch e {
	case IllegalFunction, IllegalAddress, IllegalValue:
		return telemetry.BadNodeIdUnknown
	case Acknowledge, Busy:
		return telemetry.UncertainLastUsable
	case NoPath, NoTarget:
		return telemetry.BadNoCommunication
	}
	return telemetry.BadDeviceFailure
}

// passing: the server says that the same request may succeed a little later.
func (e Exception) passing() bool { return e == Acknowledge || e == Busy }
