package reading

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

// place is where a list of samples of several series goes on. Its cursor is bound to the question that it came with: one
// that is handed to another question is refused and not silently misread.
type place struct {
	span   telemetry.Span // of the first page, whose bounds may have been left out
	series int            // which of those asked for
	given  int            // samples of that series on the pages before
	at     telemetry.Cursor
}

var errForeign = errors.New("the cursor came with another query: use it with the same series, asOf and options")

// tag names a question by what must not change between its pages.
func tag(ids []uuid.UUID, asOf uint64, history bool, more ...int) uint32 {
	h := fnv.New32a()
	var b [8]byte
	for _, id := range ids {
		_, _ = h.Write(id[:])
	}
	number := func(n uint64) {
		binary.BigEndian.PutUint64(b[:], n)
		_, _ = h.Write(b[:])
	}
	number(asOf)
	if history {
		number(1)
	}
	for _, n := range more {
		number(uint64(n))
	}
	return h.Sum32()
}

const placeBytes = 4 + 16 + 4 + 8 + 24

// cursor writes the place for a URL.
func (p place) cursor(tag uint32) string {
	b := make([]byte, 0, placeBytes)
	b = binary.BigEndian.AppendUint32(b, tag)
	b = binary.BigEndian.AppendUint64(b, uint64(p.span.From))
	b = binary.BigEndian.AppendUint64(b, uint64(p.span.To))
	b = binary.BigEndian.AppendUint32(b, uint32(p.series))
	b = binary.BigEndian.AppendUint64(b, uint64(p.given))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at.Time))
	b = binary.BigEndian.AppendUint64(b, p.at.Commit)
	b = binary.BigEndian.AppendUint32(b, p.at.Revision)
	b = binary.BigEndian.AppendUint32(b, p.at.Rows)
	return base64.RawURLEncoding.EncodeToString(b)
}

// parsePlace reads what cursor wrote for a question about n series.
func parsePlace(s string, tag uint32, n int) (place, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != placeBytes {
		return place{}, errors.New("it is no cursor: use the one that came as next")
	}
	if binary.BigEndian.Uint32(b) != tag {
		return place{}, errForeign
	}
	p := place{
		span:   telemetry.Span{From: int64(binary.BigEndian.Uint64(b[4:])), To: int64(binary.BigEndian.Uint64(b[12:]))},
		series: int(binary.BigEndian.Uint32(b[20:])), given: int(binary.BigEndian.Uint64(b[24:])),
		at: telemetry.Cursor{Time: int64(binary.BigEndian.Uint64(b[32:])), Commit: binary.BigEndian.Uint64(b[40:]),
			Revision: binary.BigEndian.Uint32(b[48:]), Rows: binary.BigEndian.Uint32(b[52:])},
	}
	if p.series >= n || p.given < 0 || p.span.From < 0 || p.span.To <= p.span.From {
		return place{}, errForeign
	}
	return p, nil
}
