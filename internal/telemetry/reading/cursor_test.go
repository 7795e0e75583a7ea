package reading

import (
	"testing"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
)

func TestACursorComesBackAsItWas(t *testing.T) {
	ids := []uuid.UUID{{1}, {2}}
	mine := tag(ids, 7, false, 3)
	p := place{span: telemetry.Span{From: 1, To: 1 << 60}, series: 1, given: 1 << 40, at: telemetry.Cursor{Time: 5, Commit: 1 << 63, Revision: 9, Rows: 1}}
	if got, err := parsePlace(p.cursor(mine), mine, 2); err != nil || got != p {
		t.Errorf("%+v, %v", got, err)
	}
	for name, other := range map[string]uint32{
		"series": tag(ids[:1], 7, false, 3), "order": tag([]uuid.UUID{{2}, {1}}, 7, false, 3), "asOf": tag(ids, 8, false, 3), "history": tag(ids, 7, true, 3), "each": tag(ids, 7, false, 4),
	} {
		if _, err := parsePlace(p.cursor(mine), other, 2); err == nil {
			t.Errorf("a cursor of another %s is taken", name)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("", uint32(0))
	f.Add("AAAA", uint32(1))
	f.Add(place{span: telemetry.Span{From: 1, To: 2}, at: telemetry.Cursor{Time: 1, Rows: 1}}.cursor(5), uint32(5))
	f.Add(place{span: telemetry.Span{From: 2, To: 1}, series: -1, given: -1}.cursor(5), uint32(5))
	f.Fuzz(func(t *testing.T, s string, tag uint32) {
		p, err := parsePlace(s, tag, 3)
		if err != nil {
			return
		}
		if p.series < 0 || p.series >= 3 || p.given < 0 || p.span.To <= p.span.From {
			t.Fatalf("%+v", p)
		}
		if again, err := parsePlace(p.cursor(tag), tag, 3); err != nil || again != p {
			t.Fatalf("%+v becomes %+v, %v", p, again, err)
		}
	})
}
