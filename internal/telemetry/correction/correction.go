package correction

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/audit"
	"jingwei/internal/telemetry"
)

// Kind says what a correction does to the samples of its span.
type Kind string

// The kinds.
const (
	Set      Kind = "set"      // other values at given source times, at which there are samples
	Scale    Kind = "scale"    // every value becomes value × factor + offset: a wrong ratio, a wrong zero
	Regrade  Kind = "status"   // every sample gets another status: what a broken sensor told is bad
	Withdraw Kind = "withdraw" // the samples are taken away: a test run, a device that spoke for another
	Enter    Kind = "enter"    // values that a person read, at source times at which there are none
	Undo     Kind = "undo"     // what counted before a correction counts again
)

// Bounds.
const (
	MaxRows      = 200_000 // samples of one correction
	MaxGiven     = 10_000  // values given one by one
	MaxReason    = 2_000   // characters
	MaxReference = 500
	minReason    = 3
)

// State says how far a correction is.
type State string

// The states.
const (
	Applying State = "applying" // written down; the node carries it out, after a restart too
	Applied  State = "applied"
)

// Given is a value at a source time.
type Given struct {
	Time  time.Time       `json:"time"`
	Value json.RawMessage `json:"value" doc:"As samples are told: a number, for int64 a string of digits, a bool, a string"`
}

// Words are what a person asks for.
type Words struct {
	Kind      Kind      `json:"kind" enum:"set,scale,status,withdraw,enter"`
	From      time.Time `json:"from,omitzero" doc:"Source time, inclusive; left out with set and enter"`
	To        time.Time `json:"to,omitzero" doc:"Source time, exclusive; left out with set and enter"`
	Values    []Given   `json:"values,omitempty" maxItems:"10000" doc:"With set and enter"`
	Factor    *float64  `json:"factor,omitempty" doc:"With scale; 1 when left out"`
	Offset    *float64  `json:"offset,omitempty" doc:"With scale; 0 when left out"`
	Status    *uint32   `json:"status,omitempty" doc:"With status: OPC UA StatusCode"`
	Reason    string    `json:"reason" doc:"Why, in words; 3 to 2000 characters"`
	Reference string    `json:"reference,omitempty" doc:"Where the evidence is: a document, a ticket, a photograph; at most 500 characters"`
}

// Correction is one that was accepted.
type Correction struct {
	ID     uuid.UUID
	Org    uuid.UUID
	Series uuid.UUID
	Words
	Undoes   uuid.UUID // with undo
	UndoneBy uuid.UUID
	By       audit.Actor
	At       int64  // when it was accepted
	Basis    uint64 // the samples are those as of this commit
	First    uint64 // sequence numbers of its batches
	Last     uint64
	Rows     int
	State    State
	// of its rows, once applied
	FirstCommit, LastCommit uint64
}

// given is a value that was found good.
type given struct {
	time int64
	bits uint64
	text string
}

// asked is what was asked for, found good for a series.
type asked struct {
	kind           Kind
	from, to       int64
	given          []given // in order of time
	factor, offset float64
	status         telemetry.Status
	undoes         uuid.UUID
}

// check finds what is wrong in words, for a series of a type. where are the field's names in the request.
func (w *Words) check(typ telemetry.Type) (asked, error) {
	a := asked{kind: w.Kind, factor: 1}
	if n := utf8.RuneCountInString(strings.TrimSpace(w.Reason)); n < minReason || n > MaxReason {
		return a, ErrReason.At("body.reason", w.Reason).With("min", minReason).With("max", MaxReason)
	}
	if utf8.RuneCountInString(w.Reference) > MaxReference {
		return a, ErrReference.At("body.reference", w.Reference).With("max", MaxReference)
	}
	switch w.Kind {
	case Set, Enter:
		return a, w.checkGiven(&a, typ)
	case Scale, Regrade, Withdraw:
	default:
		return a, ErrKind.At("body.kind", string(w.Kind))
	}
	if len(w.Values) > 0 {
		return a, ErrValues.At("body.values", strconv.Itoa(len(w.Values))).With("kind", string(w.Kind))
	}
	var ok bool
	if a.from, ok = instant(w.From); !ok {
		return a, ErrSpan.At("body.from", w.From.Format(time.RFC3339Nano))
	}
	if a.to, ok = instant(w.To); !ok || a.to <= a.from {
		return a, ErrSpan.At("body.to", w.To.Format(time.RFC3339Nano))
	}
	switch w.Kind {
	case Scale:
		if typ != telemetry.Float64 && typ != telemetry.Int64 {
			return a, ErrScale.At("body.kind", string(w.Kind)).With("type", typ.String())
		}
		if w.Factor != nil {
			a.factor = *w.Factor
		}
		if w.Offset != nil {
			a.offset = *w.Offset
		}
		for field, x := range map[string]float64{"body.factor": a.factor, "body.offset": a.offset} {
			if math.IsNaN(x) || math.IsInf(x, 0) || typ == telemetry.Int64 && x != math.Trunc(x) {
				return a, ErrFactor.At(field, strconv.FormatFloat(x, 'g', -1, 64)).With("type", typ.String())
			}
		}
		if a.factor == 1 && a.offset == 0 {
			return a, ErrFactor.At("body.factor", "1").With("type", typ.String())
		}
	case Regrade:
		if w.Status == nil {
			return a, ErrStatus.At("body.status", "")
		}
		if a.status = telemetry.Status(*w.Status); a.status>>30 == 3 {
			return a, ErrStatus.At("body.status", strconv.FormatUint(uint64(*w.Status), 10))
		}
	}
	return a, nil
}

func (w *Words) checkGiven(a *asked, typ telemetry.Type) error {
	if len(w.Values) == 0 || len(w.Values) > MaxGiven {
		return ErrValues.At("body.values", strconv.Itoa(len(w.Values))).With("kind", string(w.Kind))
	}
	if !w.From.IsZero() || !w.To.IsZero() {
		return ErrSpan.At("body.from", w.From.Format(time.RFC3339Nano))
	}
	for i, g := range w.Values {
		where := "body.values[" + strconv.Itoa(i) + "]"
		t, ok := instant(g.Time)
		if !ok {
			return ErrSpan.At(where+".time", g.Time.Format(time.RFC3339Nano))
		}
		if i > 0 && t <= a.given[i-1].time {
			return ErrOrder.At(where+".time", g.Time.Format(time.RFC3339Nano))
		}
		v := given{time: t}
		if v.bits, v.text, ok = parse(g.Value, typ); !ok {
			return ErrValue.At(where+".value", string(g.Value)).With("type", typ.String())
		}
		a.given = append(a.given, v)
	}
	a.from, a.to = a.given[0].time, a.given[len(a.given)-1].time+1
	return nil
}

// instant is a time that the store can hold.
func instant(t time.Time) (int64, bool) {
	if y := t.UTC().Year(); t.IsZero() || y < 1970 || y >= 2200 {
		return 0, false
	}
	return t.UnixNano(), true
}

// parse reads a value as samples are told in JSON.
func parse(raw json.RawMessage, typ telemetry.Type) (bits uint64, s string, ok bool) {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return 0, "", false
	}
	switch v := v.(type) {
	case float64:
		switch typ {
		case telemetry.Float64:
			return math.Float64bits(v), "", true
		case telemetry.Int64:
			n, err := strconv.ParseInt(strings.TrimSpace(string(raw)), 10, 64)
			return uint64(n), "", err == nil
		}
	case string:
		switch typ {
		case telemetry.Int64:
			n, err := strconv.ParseInt(v, 10, 64)
			return uint64(n), "", err == nil
		case telemetry.String:
			return 0, v, len(v) <= telemetry.MaxTextBytes
		}
	case bool:
		if typ == telemetry.Bool {
			if v {
				bits = 1
			}
			return bits, "", true
		}
	}
	return 0, "", false
}
