package indicator

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"jingwei/internal/kernel/fact"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// ErrNoConsent says that an organisation has not let the caller read what is asked: it is missing, and was not fetched.
var ErrNoConsent = errors.New("the organisation has not granted it")

// Enterprises are the enterprises that a keeper's register lists.
type Enterprises interface {
	// Each calls with every enterprise that is in the register on a day, in any order. The caller may read the register.
	Each(ctx context.Context, keeper uuid.UUID, day string, call func(Enterprise) error) error
	// One is the entry of an organisation in the register of the node's keeper; false where it has none.
	One(ctx context.Context, org uuid.UUID, day string) (keeper uuid.UUID, e Enterprise, ok bool, err error)
}

// Facts are business facts of organisations, as far as the caller may read them.
type Facts interface {
	// Facts calls with the facts of a kind that hold at an instant, or that began in [From, To). Error: ErrNoConsent where one of the
	// fields is not granted.
	Facts(ctx context.Context, q FactQuery, call func(Fact) error) error
}

// FactQuery asks for facts.
type FactQuery struct {
	Org      uuid.UUID
	Kind     string
	From, To int64
	At       int64    // not 0: that hold then, in place of From and To
	Where    []string // field=value: narrows what is read where the field can be searched
	Fields   []string // that are looked at
}

// Fact is a fact as it counts.
type Fact struct {
	ID       uuid.UUID
	Revision int64
	Title    string
	Record   field.Record
	Grade    fact.Grade
}

// Entries are entries of registers.
type Entries interface {
	// Entries calls with all entries of a register that a keeper keeps and that hold on a day, in any order.
	Entries(ctx context.Context, keeper uuid.UUID, register, day string, call func(Entry) error) error
}

// Entry is an entry as it counts.
type Entry struct {
	ID       uuid.UUID
	Key      string // in its register: the same wherever the entry is kept
	Revision int64
	Title    string
	Subject  uuid.UUID // the organisation that it is about; zero for none
	State    string
	Record   field.Record
}

// Plants tell what machines deliver. Error of all: ErrNoConsent.
type Plants interface {
	// Machines are those of the plant at the end of a time, with the days on which each delivered.
	Machines(ctx context.Context, org uuid.UUID, from, to int64) (Fleet, error)
	// Counted is what a counter of energy counted in a time, in Wh, on how many of its days; false where nothing is known.
	Counted(ctx context.Context, org, series uuid.UUID, from, to int64) (Counted, bool, error)
}

// Fleet is the machines of a plant over a time.
type Fleet struct {
	Machines []Machine
	Working  int // working days of the time; machines are judged by these
}

// Machine is one of them.
type Machine struct {
	ID         uuid.UUID
	Name       text.Text
	Class      string
	Production bool
	Meter      bool        // has a counter of energy
	Days       int         // working days on which it delivered a good value
	Series     []uuid.UUID // that delivered
}

// Counted is what a counter counted.
type Counted struct {
	WattHours int64
	Name      text.Text
	Days, Of  int // days with readings, of those of the time
}

// Checkups are check-ups of organisations.
type Checkups interface {
	// Last is the last one by an instrument that was handed in within [from, to); false where there is none. Error: ErrNoConsent.
	Last(ctx context.Context, org uuid.UUID, instrument string, from, to int64) (Checkup, bool, error)
}

// Checkup is a check-up as it counts.
type Checkup struct {
	ID       uuid.UUID
	Title    string
	Level    int
	Score    string // decimal
	Accepted bool   // experts or the keeper have accepted it
	Grade    fact.Grade
}

// Rooms are what indicators are computed from.
type Rooms struct {
	Enterprises Enterprises
	Facts       Facts
	Entries     Entries
	Plants      Plants
	Checkups    Checkups
	Fields      Vocabulary
}
