package federate

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Kinds of messages on a sample stream. The numbers are part of the format.
const (
	streamTable   = 1 // sender: the series table for what follows
	streamBlock   = 2 // sender: batches
	streamAck     = 3 // receiver: everything up to a number is durable
	streamRefused = 4 // receiver: one batch is refused; send it again without the refused rows
	streamResume  = 5 // receiver: send again from a number
)

// Reason says why a batch or the rows of one series were refused. The numbers are part of the format.
type Reason uint8

const (
	ReasonUnknown   Reason = 1 // the node has no such series
	ReasonForeign   Reason = 2 // the series is not one of this gateway's configuration
	ReasonType      Reason = 3 // the series has another type
	ReasonMalformed Reason = 4 // the batch cannot be read
	ReasonRow       Reason = 5 // a value or time that telemetry does not take
)

func (r Reason) String() string {
	switch r {
	case ReasonUnknown:
		return "the node does not know the series"
	case ReasonForeign:
		return "the series does not belong to this gateway's configuration"
	case ReasonType:
		return "the series has another type on the node"
	case ReasonMalformed:
		return "the batch cannot be read"
	case ReasonRow:
		return "the value or time cannot be stored"
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// RefusedRow names one row of a refused batch and its series; every row of that series is set aside.
type RefusedRow struct {
	Row    uint32    `json:"row"`
	Series uuid.UUID `json:"series"`
	Reason Reason    `json:"reason"`
	Text   string    `json:"text,omitempty"`
}

// Refusal is a node's answer to a batch that it will never take as it is.
type Refusal struct {
	Epoch uint64       `json:"epoch"`
	Seq   uint64       `json:"seq"`
	Whole bool         `json:"whole"` // nothing of the batch can be taken
	Rows  []RefusedRow `json:"rows"`  // one per refused series; at least one
}

func (f Refusal) Error() string {
	var parts []string
	for _, r := range f.Rows {
		parts = append(parts, fmt.Sprintf("row %d, series %s: %s %s", r.Row, r.Series, r.Reason, r.Text))
	}
	return fmt.Sprintf("batch %d-%d is refused: %s", f.Epoch, f.Seq, strings.Join(parts, "; "))
}

const (
	maxRefusedRows = 256
	maxRefusedText = 300
)

func (f Refusal) append(dst []byte) []byte {
	rows := f.Rows[:min(len(f.Rows), maxRefusedRows)]
	dst = append(dst, streamRefused, flag(f.Whole))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(rows)))
	dst = binary.LittleEndian.AppendUint64(dst, f.Epoch)
	dst = binary.LittleEndian.AppendUint64(dst, f.Seq)
	for _, r := range rows {
		dst = binary.LittleEndian.AppendUint32(dst, r.Row)
		dst = append(dst, r.Series[:]...)
		dst = append(dst, byte(r.Reason))
		dst = appendCounted(dst, []byte(r.Text[:min(len(r.Text), maxRefusedText)]))
	}
	return dst
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func parseRefusal(b []byte) (Refusal, error) {
	r := reader{b: b}
	f := Refusal{Whole: r.u8()&1 != 0}
	n := r.u16()
	f.Epoch, f.Seq = r.u64(), r.u64()
	if r.err == nil && (n == 0 || n > maxRefusedRows) {
		return f, malformed("refusal of %d series", n)
	}
	for range n {
		var row RefusedRow
		row.Row = r.u32()
		copy(row.Series[:], r.take(16))
		row.Reason = Reason(r.u8())
		row.Text = string(r.counted(maxRefusedText))
		if r.err != nil {
			return f, r.err
		}
		f.Rows = append(f.Rows, row)
	}
	return f, r.end()
}

// Ack says that every batch of an epoch up to Seq is durable at the receiver. Commit and Time are those of batch Seq
// in the receiver's log, 0 where it was there already.
type Ack struct {
	Epoch, Seq uint64
	Commit     uint64
	Time       int64
}

func (a Ack) append(dst []byte) []byte {
	dst = append(dst, streamAck, 0, 0, 0)
	dst = binary.LittleEndian.AppendUint64(dst, a.Epoch)
	dst = binary.LittleEndian.AppendUint64(dst, a.Seq)
	dst = binary.LittleEndian.AppendUint64(dst, a.Commit)
	return binary.LittleEndian.AppendUint64(dst, uint64(a.Time))
}

func parseAck(b []byte) (Ack, error) {
	r := reader{b: b}
	r.take(3)
	a := Ack{Epoch: r.u64(), Seq: r.u64(), Commit: r.u64(), Time: int64(r.u64())}
	return a, r.end()
}

// position is the body of a resume message and of the answer to an open: the epoch and number last held durably.
type position struct{ Epoch, Seq uint64 }

func (p position) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, p.Epoch)
	return binary.LittleEndian.AppendUint64(dst, p.Seq)
}

func parsePosition(b []byte) (position, error) {
	r := reader{b: b}
	p := position{Epoch: r.u64(), Seq: r.u64()}
	return p, r.end()
}
