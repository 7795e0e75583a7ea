package plant

import (
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
	"jingwei/internal/plant/template"
)

// Kind is a level of the equipment hierarchy below the enterprise.
type Kind string

// The kinds (IEC 62264-1: site, area, work centre, work unit).
const (
	Site    Kind = "site"
	Area    Kind = "area"
	Line    Kind = "line"
	Machine Kind = "machine"
)

// rank orders the kinds; the enterprise itself is 0.
var rank = map[Kind]int{"": 0, Site: 1, Area: 2, Line: 3, Machine: 4}

// Stands tells whether a thing of a kind may stand under a parent of another, where "" is the enterprise. A site stands
// under the enterprise only; below it levels may be left out, but their order is kept, so nothing can stand under itself.
func (k Kind) Stands(parent Kind) bool {
	if k == Site {
		return parent == ""
	}
	return rank[k] > 0 && parent != "" && rank[parent] < rank[k]
}

// Node is a site, area, line or machine as it is at one time. Times are ns since 1970 UTC.
type Node struct {
	ID       uuid.UUID
	Org      uuid.UUID
	Kind     Kind
	Parent   uuid.UUID // zero: the enterprise
	Name     text.Text
	Class    string // of equipment; "" where nobody said
	Template string // id of the device template; "" where it was set up by hand
	Release  string // the template's version
	From     int64  // when it began to be
	To       int64  // when it was retired; store.Forever
	Reason   string // why it was retired
	Version  int64  // grows with each change of it or of its points
}

// ETag names the version.
func (n *Node) ETag() string { return api.ETag(n.ID, n.Version) }

// Point is one reading of a machine as it is set up at one time. Its ID is its telemetry series'.
type Point struct {
	ID      uuid.UUID
	Org     uuid.UUID
	Machine uuid.UUID
	From    int64
	To      int64
	Version int64
	template.Point
}

// ETag names the version.
func (p *Point) ETag() string { return api.ETag(p.ID, p.Version) }

// Limits of what somebody may ask for.
const (
	maxName   = 100 // characters
	maxReason = 500 // characters
	maxPoints = 5000
	ahead     = 10 * 365 * 24 * time.Hour // how far in the future a change may be dated
)

// moment checks a time that somebody gave; the zero time is now.
func moment(t time.Time, now time.Time, field string) (int64, error) {
	if t.IsZero() {
		return now.UnixNano(), nil
	}
	if t.Year() < 1970 || t.After(now.Add(ahead)) {
		return 0, ErrTime.At(field, t.Format(time.RFC3339Nano))
	}
	return t.UnixNano(), nil
}

// instant writes a time; Forever is nil.
func instant(ns int64) *time.Time {
	if ns == store.Forever {
		return nil
	}
	t := time.Unix(0, ns).UTC()
	return &t
}
