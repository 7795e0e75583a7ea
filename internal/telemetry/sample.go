package telemetry

import (
	"time"

	"github.com/google/uuid"
)

// Type is the type of every value of one series. It never changes: another type is another series.
type Type uint8

// The numbers are part of the block format (docs/formats).
const (
	Float64 Type = 1
	Int64   Type = 2
	Bool    Type = 3
	String  Type = 4
)

// Status is an OPC UA StatusCode (OPC 10000-4, 7.39) as the source gave it: the top two bits are the severity.
type Status uint32

// Statuses that the product itself sets (OPC 10000-6, A.2).
const (
	Good                     Status = 0x00000000
	Uncertain                Status = 0x40000000
	UncertainLastUsable      Status = 0x40900000
	Bad                      Status = 0x80000000
	BadNoCommunication       Status = 0x80310000
	BadNodeIdUnknown         Status = 0x80340000
	BadOutOfRange            Status = 0x803C0000
	BadTimeout               Status = 0x800A0000
	BadDecodingError         Status = 0x80070000
	BadConfigurationError    Status = 0x80890000
	BadNotConnected          Status = 0x808A0000
	BadDeviceFailure         Status = 0x808B0000
	BadOutOfService          Status = 0x808D0000
	BadWaitingForInitialData Status = 0x80320000
)

// IsGood, IsUncertain and IsBad read the severity bits.
func (s Status) IsGood() bool      { return s>>30 == 0 }
func (s Status) IsUncertain() bool { return s>>30 == 1 }
func (s Status) IsBad() bool       { return s>>31 == 1 }

// Flags are what the node or gateway knows of a sample beside the source's status. They never change the status.
type Flags uint16

const (
	NoValue     Flags = 1 << 0 // the sample carries a status only; its value reads as null
	GatewayTime Flags = 1 << 1 // the source has no clock: Time is the gateway's
	FutureTime  Flags = 1 << 2 // dated more than 10 minutes ahead of the node when it came
	Repeated    Flags = 1 << 3 // an unchanged value told again because the longest silence had passed
	ClockUnsure Flags = 1 << 4 // the gateway's clock was not synchronised
	// Withdrawn marks a correction that takes the sample of its source time away: it has NoValue and a revision above 0, and
	// only reads with history give it.
	Withdrawn Flags = 1 << 14
	// Rival marks a sample against which others of the same source time lost; they stand in the history plane.
	Rival Flags = 1 << 15
)

// Origin says where a value comes from.
type Origin uint8

const (
	Measured Origin = 1 // a device told it
	Replayed Origin = 2 // a simulator replays recorded data; shown as such wherever the value is shown
	Manual   Origin = 3 // a person typed it
	Imported Origin = 4 // from a file
	Computed Origin = 5 // from other series
)

// Value is one value of a series' type; null when the sample has NoValue.
type Value struct {
	Type Type   // 0 is null
	Bits uint64 // IEEE 754 bits, two's complement, or 0/1
	Text string // String only
}

// Sample is one value as it is read back. Times are nanoseconds since 1970-01-01 UTC.
type Sample struct {
	Time     int64 // source time, as the device gave it
	Gateway  int64 // when the gateway took it
	Value    Value
	Status   Status
	Flags    Flags
	Origin   Origin
	Revision uint32 // 0 as received; a correction is 1 and up
	Commit   uint64 // the node's commit number (its log); CommitTime of the store gives its time
	// Superseded: another sample of the same source time won; only reads with history give it.
	Superseded bool
}

// Ref is a series' number on this node. It is dense, and never leaves the node.
type Ref uint32

// Report says how a series' source tells its values.
type Report uint8

const (
	Periodic Report = 1 // at each scan
	OnChange Report = 2 // when the value changes, and again after MaxSilence
)

// Declaration introduces a series, or changes how it reports from a time on.
type Declaration struct {
	ID         uuid.UUID
	Org        uuid.UUID // the owner; reads are decided by it
	Type       Type
	Unit       string // UCUM, "1" if dimensionless, "" for bool and string
	Report     Report
	MaxSilence time.Duration // the longest time between samples of a healthy source; > 0
	From       int64         // effective since
}

// Batch is what a producer hands over at once: one row per sample, held column by column. Text is used by rows of
// string series, whose Bits are an index into it. Status, Flags and Revision may be nil, which means all zero.
// A batch is accepted whole or refused whole.
type Batch struct {
	Origin  Origin
	Ref     []Ref
	Time    []int64
	Gateway []int64
	Bits    []uint64
	Status  []Status
	Flags   []Flags
	// Revision is 0 for a value as it was received; a correction of the sample of its time is 1 and up, and the greatest
	// one counts.
	Revision []uint32
	Text     []string
}

// Len returns the number of rows.
func (b *Batch) Len() int { return len(b.Ref) }

// Receipt tells what became of an accepted batch.
type Receipt struct {
	Commit     uint64 // the log's commit number; 0 for a duplicate
	CommitTime int64
	Duplicate  bool // the same (producer, epoch, seq) had been accepted before; nothing was stored again
}
