package intake

import (
	"jingwei/internal/telemetry"
)

// Message is the rows of one message, collected column by column. It is reused: Intake.Put copies what it keeps, but for
// the bytes of texts, which must stay as they are (a string made by conversion does, one laid over a buffer does not).
type Message struct {
	rows    telemetry.Batch
	strings []int32 // the rows whose Bits are an index into Text
}

// Len is the number of rows.
func (m *Message) Len() int { return m.rows.Len() }

// Reset empties the message.
func (m *Message) Reset() {
	b := &m.rows
	b.Ref, b.Time, b.Gateway, b.Bits = b.Ref[:0], b.Time[:0], b.Gateway[:0], b.Bits[:0]
	b.Status, b.Flags, b.Text = b.Status[:0], b.Flags[:0], b.Text[:0]
	m.strings = m.strings[:0]
}

// Add appends a value that is of the slot's type already (see Slot.Convert); a null value needs a status that says why.
// at is the source's time, 0 where it has none; now is when it came.
func (m *Message) Add(ref telemetry.Ref, at, now int64, v telemetry.Value, s telemetry.Status) {
	b := &m.rows
	var flags telemetry.Flags
	bits := v.Bits
	if at == 0 {
		at, flags = now, telemetry.GatewayTime
	}
	switch v.Type {
	case 0:
		flags |= telemetry.NoValue
		bits = 0
	case telemetry.String:
		bits = uint64(len(b.Text))
		b.Text = append(b.Text, v.Text)
		m.strings = append(m.strings, int32(len(b.Ref)))
	}
	b.Ref, b.Time, b.Gateway, b.Bits = append(b.Ref, ref), append(b.Time, at), append(b.Gateway, now), append(b.Bits, bits)
	b.Status, b.Flags = append(b.Status, s), append(b.Flags, flags)
}
