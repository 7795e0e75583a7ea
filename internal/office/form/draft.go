package form

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
)

// The kinds of targets that this product has. The wiring may add others.
const (
	KindCase  = "case"  // opens a case of a flow
	KindStep  = "step"  // takes a case through a step
	KindEntry = "entry" // a new entry of a register
	KindFact  = "fact"  // a fact
)

// Target is what a draft is to become.
type Target struct {
	Kind   string
	ID     string    // the flow, register, kind of fact
	Action string    // of a step
	Case   uuid.UUID // of a step
	Keeper uuid.UUID // who is to keep the case; zero where it is the draft's own organisation
}

// Asked is what a target asks for now.
type Asked struct {
	Name    text.Text // "项目申报：提交"
	Version string    // of the pack
	Fields  field.Schema
	Papers  []AttachmentKind // what the target takes, with its names; limits come from a layout
	Reason  bool             // a reason in words is needed
	Basis   int64            // the revision of the case; 0 for what is new
	Held    field.Record     // what the case has of the fields already
	Private bool             // nobody's but the person's: a review under a name
}

// Handing is a draft that is handed in, checked.
type Handing struct {
	Draft  uuid.UUID // by which it is known, so that it is done once
	Org    uuid.UUID
	Target Target
	Basis  int64 // of the case, as the person saw it
	Record field.Record
	Papers []Paper
	Reason string
}

// Paper is an attachment that is handed on.
type Paper struct {
	Kind string
	Name string
	Data []byte
}

// Outcome is what a draft has become.
type Outcome struct {
	Kind string    `json:"kind" doc:"case, entry or fact"`
	ID   uuid.UUID `json:"id" format:"uuid"`
}

// Desk is where drafts of one kind of target are handed in: a room, as the wiring shows it.
type Desk interface {
	// Declared are the fields and papers of a target as its pack says, for checking layouts when the node starts. ok is false where
	// there is no such target.
	Declared(id, action string) (fields field.Schema, papers []AttachmentKind, ok bool)
	// Asked tells what a target asks for now, of the caller who acts for an organisation. Its errors are those with which handing in
	// would be refused.
	Asked(ctx context.Context, org uuid.UUID, t Target) (Asked, error)
	// Hand writes what a draft becomes, under the caller's rights. It is called in the transaction that ends the draft.
	Hand(ctx context.Context, h Handing) (Outcome, error)
}

// Known is a value that the node knows, and whence.
type Known struct {
	Value any // as JSON has it
	From  text.Text
}

// Profile tells what the node knows of an organisation, by Origins.
type Profile interface {
	Profile(ctx context.Context, org uuid.UUID) (map[string]Known, error)
}

// State of a draft.
type State string

// The states.
const (
	Open      State = "open"
	Submitted State = "submitted"
	Discarded State = "discarded" // can be taken back until it is swept
	Expired   State = "expired"
)

// Draft is a draft as it is kept.
type Draft struct {
	ID          uuid.UUID
	Org         uuid.UUID // for which it is filled in
	Person      uuid.UUID // whose it is
	Name        string    // of that person, when it was last saved or taken over
	Target      Target
	Title       text.Text
	State       State
	Content     map[string]json.RawMessage // as far as it goes, as it was given
	Reason      string
	Filled      map[string]Filled // by the node, by field
	Attachments []Attachment
	Private     bool
	Device      string // with which it was last saved, in the words of that device
	Before      string // from whom it was taken over
	Outcome     Outcome
	Made        int64 // ns since 1970
	At          int64 // of the last change
	Expires     int64
	Revision    int64 // from 1
}

// Filled is a value that the node filled in.
type Filled struct {
	Value json.RawMessage `json:"value"`
	From  text.Text       `json:"from" doc:"Whence"`
}

// Attachment is a file of a draft.
type Attachment struct {
	ID    uuid.UUID `json:"id" format:"uuid"`
	Kind  string    `json:"kind"`
	Name  string    `json:"name"`
	Media string    `json:"media" doc:"What its content is"`
	Size  int64     `json:"size,string"`
	Blob  string    `json:"-"`
}

// raw is the content as one JSON object.
func (d *Draft) raw() []byte {
	b, err := json.Marshal(d.Content)
	if err != nil {
		return []byte("{}") // each was read as JSON
	}
	return b
}
