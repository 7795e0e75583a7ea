package federate

import (
	"encoding/binary"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// MaxTable is the greatest number of series that one stream names at a time.
const MaxTable = 65535

// Entry is one series of a stream's table.
type Entry struct {
	Series uuid.UUID
	Type   telemetry.Type
}

// Table numbers the series of a stream: a batch names its series by their place here, two bytes or less in place of
// sixteen. A table is replaced as a whole, never patched, so that any batch can be read with the one table before it.
type Table []Entry

const tableFormat = 1

// Append writes the table: format (1), count (uvarint), then 16 bytes of UUID and one of type for each series.
func (t Table) Append(dst []byte) []byte {
	dst = append(dst, tableFormat)
	dst = binary.AppendUvarint(dst, uint64(len(t)))
	for _, e := range t {
		dst = append(dst, e.Series[:]...)
		dst = append(dst, byte(e.Type))
	}
	return dst
}

// ParseTable reads what Append wrote; errors wrap ErrMalformed.
func ParseTable(b []byte) (Table, error) {
	r := reader{b: b}
	if f := r.u8(); r.err == nil && f != tableFormat {
		return nil, malformed("series table of format %d", f)
	}
	n := r.uvarint()
	if r.err != nil {
		return nil, r.err
	}
	if n > MaxTable || n*17 != uint64(len(r.b)) {
		return nil, malformed("series table of %d entries in %d bytes", n, len(r.b))
	}
	t := make(Table, n)
	for i := range t {
		copy(t[i].Series[:], r.take(16))
		t[i].Type = telemetry.Type(r.u8())
		if t[i].Type < telemetry.Float64 || t[i].Type > telemetry.String {
			return nil, malformed("series %s has type %d", t[i].Series, t[i].Type)
		}
	}
	return t, r.end()
}
