package indicator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
)

// Transcript is all that gathering an indicator of an enterprise read, in the order in which it was read: from it anybody gathers the same
// again without the node. Of records it holds the fields that were looked at.
type Transcript struct {
	Asked    Asked           `json:"asked"`
	Facts    []FactsRead     `json:"facts,omitempty"`
	Entries  []EntriesRead   `json:"entries,omitempty"`
	Fleets   []FleetRead     `json:"fleets,omitempty"`
	Counters []CounterRead   `json:"counters,omitempty"`
	Checkups []CheckupRead   `json:"checkups,omitempty"`
	Fields   map[string]Kind `json:"fields,omitempty"` // of the kinds of facts, and of the registers ("register:ID"), that definitions name
}

// Kind is what is known of the fields of a kind of facts or a register.
type Kind struct {
	Fields field.Schema `json:"fields"`
	States []string     `json:"states,omitempty"`
}

// FactsRead is a question for facts and its answer.
type FactsRead struct {
	Query  FactQuery  `json:"query"`
	List   []FactRead `json:"list"`
	Denied bool       `json:"denied,omitempty"`
}

// FactRead is a fact as it counted.
type FactRead struct {
	ID       uuid.UUID       `json:"id"`
	Revision int64           `json:"revision"`
	Grade    fact.Grade      `json:"grade"`
	Content  json.RawMessage `json:"content"` // canonical, of the fields that were looked at
}

// EntriesRead is a question for entries and its answer: those about the enterprise. Some says that there were others.
type EntriesRead struct {
	Keeper   uuid.UUID   `json:"keeper"`
	Register string      `json:"register"`
	Day      string      `json:"day"`
	Some     bool        `json:"some"`
	List     []EntryRead `json:"list"`
}

// EntryRead is an entry as it counted.
type EntryRead struct {
	ID       uuid.UUID       `json:"id"`
	Revision int64           `json:"revision"`
	Subject  uuid.UUID       `json:"subject"`
	State    string          `json:"state"`
	Content  json.RawMessage `json:"content"`
}

// FleetRead is a question for machines and its answer.
type FleetRead struct {
	Org    uuid.UUID `json:"org"`
	From   int64     `json:"from"`
	To     int64     `json:"to"`
	Fleet  Fleet     `json:"fleet"`
	Denied bool      `json:"denied,omitempty"`
}

// CounterRead is a question for what a meter counted and its answer.
type CounterRead struct {
	Org     uuid.UUID `json:"org"`
	Series  uuid.UUID `json:"series"`
	From    int64     `json:"from"`
	To      int64     `json:"to"`
	Counted Counted   `json:"counted"`
	Known   bool      `json:"known"`
	Denied  bool      `json:"denied,omitempty"`
}

// CheckupRead is a question for a check-up and its answer.
type CheckupRead struct {
	Org        uuid.UUID `json:"org"`
	Instrument string    `json:"instrument"`
	From       int64     `json:"from"`
	To         int64     `json:"to"`
	Checkup    Checkup   `json:"checkup"`
	Known      bool      `json:"known"`
	Denied     bool      `json:"denied,omitempty"`
}

// Recorded is Observe with a transcript of what it read.
func (s *Service) Recorded(ctx context.Context, d *Definition, asked Asked) (*Valuation, *Transcript, error) {
	if d.Of != OfEnterprise {
		return nil, nil, fmt.Errorf("a transcript of %s: it is of no enterprise", d.ID)
	}
	r := &recorder{rooms: s.o.Rooms, t: Transcript{Asked: asked, Fields: map[string]Kind{}}}
	s.library.vocabulary(d, s.o.Rooms.Fields, r.t.Fields)
	rooms := Rooms{Enterprises: s.o.Rooms.Enterprises, Facts: r, Entries: r, Plants: r, Checkups: r, Fields: s.o.Rooms.Fields}
	v, err := gatherIn(ctx, rooms, s.library, d, asked)
	return v, &r.t, err
}

func gatherIn(ctx context.Context, rooms Rooms, l *Library, d *Definition, asked Asked) (*Valuation, error) {
	g := &gatherer{rooms: rooms, library: l, baseline: asked.Baseline, shelves: &shelves{rooms: rooms, byKey: map[shelfKey]*shelf{}}}
	return g.value(ctx, d, subject{keeper: asked.Keeper, org: asked.Firm.Org, firm: asked.Firm}, asked.Period)
}

// vocabulary collects the fields of what a definition, and what it rests on, name.
func (l *Library) vocabulary(d *Definition, v Vocabulary, into map[string]Kind) {
	for i := range d.Inputs {
		for j := range d.Inputs[i].From {
			s := &d.Inputs[i].From[j]
			switch s.Kind() {
			case "fact":
				if f, ok := v.FactFields(s.Fact); ok {
					into[s.Fact] = Kind{Fields: f}
				}
			case "declared", "energy":
				if f, ok := v.FactFields("declaration"); ok {
					into["declaration"] = Kind{Fields: f}
				}
			case "entry":
				if f, states, ok := v.EntryFields(s.Entry); ok {
					into["register:"+s.Entry] = Kind{f, states}
				}
			case "indicator":
				if below := l.byID[s.Indicator]; below != nil {
					l.vocabulary(below, v, into)
				}
			}
		}
	}
}

// Vocabulary is what a definition, and what it rests on, name of a node's fields.
func (l *Library) Vocabulary(d *Definition, v Vocabulary) Known {
	out := Known{}
	l.vocabulary(d, v, out)
	return out
}

// Below are the definitions that one rests on, itself first, each once.
func (l *Library) Below(d *Definition) []*Definition {
	out := []*Definition{d}
	for i := 0; i < len(out); i++ {
		for j := range out[i].Inputs {
			for _, s := range out[i].Inputs[j].From {
				if below := l.byID[s.Indicator]; below != nil && !slices.Contains(out, below) {
					out = append(out, below)
				}
			}
		}
	}
	return out
}

// Known is a vocabulary that knows the kinds and registers of a transcript, and takes instruments, classes and tags for granted.
type Known map[string]Kind

// FactFields implements Vocabulary.
func (w Known) FactFields(kind string) (field.Schema, bool) {
	k, ok := w[kind]
	return k.Fields, ok
}

// EntryFields implements Vocabulary.
func (w Known) EntryFields(register string) (field.Schema, []string, bool) {
	k, ok := w["register:"+register]
	return k.Fields, k.States, ok
}

// Instrument implements Vocabulary.
func (w Known) Instrument(string) bool { return true }

// Class implements Vocabulary.
func (w Known) Class(string) bool { return true }

// Tag implements Vocabulary.
func (w Known) Tag(string) bool { return true }

// recorder passes questions on and takes them down.
type recorder struct {
	rooms Rooms
	t     Transcript
}

func cutTo(r field.Record, fields []string) field.Record {
	out := field.Record{}
	for _, key := range fields {
		if v, ok := r[key]; ok {
			out[key] = v
		}
	}
	return out
}

func (r *recorder) Facts(ctx context.Context, q FactQuery, call func(Fact) error) error {
	read := FactsRead{Query: q, List: []FactRead{}}
	err := r.rooms.Facts.Facts(ctx, q, func(f Fact) error {
		f.Record = cutTo(f.Record, q.Fields)
		read.List = append(read.List, FactRead{f.ID, f.Revision, f.Grade, f.Record.Encode()})
		return call(f)
	})
	read.Denied = errors.Is(err, ErrNoConsent)
	r.t.Facts = append(r.t.Facts, read)
	return err
}

func (r *recorder) Entries(ctx context.Context, keeper uuid.UUID, register, day string, call func(Entry) error) error {
	read := EntriesRead{Keeper: keeper, Register: register, Day: day, List: []EntryRead{}}
	err := r.rooms.Entries.Entries(ctx, keeper, register, day, func(e Entry) error {
		read.Some = true
		if e.Subject == r.t.Asked.Firm.Org && e.Subject != uuid.Nil || slices.Contains(words(e.Record), r.t.Asked.Firm.Code) {
			read.List = append(read.List, EntryRead{e.ID, e.Revision, e.Subject, e.State, e.Record.Encode()})
		}
		return call(e)
	})
	r.t.Entries = append(r.t.Entries, read)
	return err
}

// words are the texts of a record.
func words(r field.Record) (out []string) {
	for _, v := range r {
		if s, ok := v.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (r *recorder) Machines(ctx context.Context, org uuid.UUID, from, to int64) (Fleet, error) {
	f, err := r.rooms.Plants.Machines(ctx, org, from, to)
	r.t.Fleets = append(r.t.Fleets, FleetRead{org, from, to, f, errors.Is(err, ErrNoConsent)})
	return f, err
}

func (r *recorder) Counted(ctx context.Context, org, series uuid.UUID, from, to int64) (Counted, bool, error) {
	c, ok, err := r.rooms.Plants.Counted(ctx, org, series, from, to)
	r.t.Counters = append(r.t.Counters, CounterRead{org, series, from, to, c, ok, errors.Is(err, ErrNoConsent)})
	return c, ok, err
}

func (r *recorder) Last(ctx context.Context, org uuid.UUID, instrument string, from, to int64) (Checkup, bool, error) {
	c, ok, err := r.rooms.Checkups.Last(ctx, org, instrument, from, to)
	r.t.Checkups = append(r.t.Checkups, CheckupRead{org, instrument, from, to, c, ok, errors.Is(err, ErrNoConsent)})
	return c, ok, err
}

// ErrTranscript says that a transcript does not answer what the definition asks.
var ErrTranscript = errors.New("transcript")

// Replay gathers a definition again from a transcript and nothing else. It is pure. Error: ErrTranscript.
func Replay(l *Library, d *Definition, t *Transcript) (*Valuation, error) {
	if d.Of != OfEnterprise {
		return nil, fmt.Errorf("%w: %s is of no enterprise", ErrTranscript, d.ID)
	}
	r := replay{t}
	return gatherIn(context.Background(), Rooms{Facts: r, Entries: r, Plants: r, Checkups: r, Fields: Known(t.Fields)}, l, d, t.Asked)
}

type replay struct{ *Transcript }

func unanswered(what string) error {
	return fmt.Errorf("%w: it does not answer a question for %s", ErrTranscript, what)
}

func (q *FactQuery) same(o *FactQuery) bool {
	return q.Org == o.Org && q.Kind == o.Kind && q.From == o.From && q.To == o.To && q.At == o.At && slices.Equal(q.Where, o.Where) && slices.Equal(q.Fields, o.Fields)
}

func (r replay) Facts(_ context.Context, q FactQuery, call func(Fact) error) error {
	for i := range r.Transcript.Facts {
		read := &r.Transcript.Facts[i]
		if !read.Query.same(&q) {
			continue
		}
		for _, f := range read.List {
			record, err := r.Fields[q.Kind].Fields.Decode(f.Content)
			if err != nil {
				return fmt.Errorf("%w: fact %s: %w", ErrTranscript, f.ID, err)
			}
			if f.Grade < fact.Declared || f.Grade > fact.Measured {
				return fmt.Errorf("%w: fact %s has grade %d", ErrTranscript, f.ID, f.Grade)
			}
			if err := call(Fact{ID: f.ID, Revision: f.Revision, Record: cutTo(record, q.Fields), Grade: f.Grade}); err != nil {
				return err
			}
		}
		if read.Denied {
			return ErrNoConsent
		}
		return nil
	}
	return unanswered("facts of kind " + q.Kind)
}

func (r replay) Entries(_ context.Context, keeper uuid.UUID, register, day string, call func(Entry) error) error {
	for i := range r.Transcript.Entries {
		read := &r.Transcript.Entries[i]
		if read.Keeper != keeper || read.Register != register || read.Day != day {
			continue
		}
		if read.Some && len(read.List) == 0 { // one that is about nobody
			if err := call(Entry{Record: field.Record{}}); err != nil {
				return err
			}
		}
		for _, e := range read.List {
			record, err := r.Fields["register:"+register].Fields.Decode(e.Content)
			if err != nil {
				return fmt.Errorf("%w: entry %s: %w", ErrTranscript, e.ID, err)
			}
			if err := call(Entry{ID: e.ID, Revision: e.Revision, Subject: e.Subject, State: e.State, Record: record}); err != nil {
				return err
			}
		}
		return nil
	}
	return unanswered("entries of " + register)
}

func denied(no bool) error {
	if no {
		return ErrNoConsent
	}
	return nil
}

func (r replay) Machines(_ context.Context, org uuid.UUID, from, to int64) (Fleet, error) {
	for _, x := range r.Fleets {
		if x.Org == org && x.From == from && x.To == to {
			return x.Fleet, denied(x.Denied)
		}
	}
	return Fleet{}, unanswered("machines")
}

func (r replay) Counted(_ context.Context, org, series uuid.UUID, from, to int64) (Counted, bool, error) {
	for _, x := range r.Counters {
		if x.Org == org && x.Series == series && x.From == from && x.To == to {
			return x.Counted, x.Known, denied(x.Denied)
		}
	}
	return Counted{}, false, unanswered("what a meter counted")
}

func (r replay) Last(_ context.Context, org uuid.UUID, instrument string, from, to int64) (Checkup, bool, error) {
	for _, x := range r.Transcript.Checkups {
		if x.Org == org && x.Instrument == instrument && x.From == from && x.To == to {
			return x.Checkup, x.Known, denied(x.Denied)
		}
	}
	return Checkup{}, false, unanswered("check-ups")
}
