package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Case is one case as it stands.
type Case struct {
	ID        uuid.UUID
	Org       uuid.UUID // who keeps it
	Subject   uuid.UUID // the organisation that it is about; zero for none
	Flow      string
	Version   string // of the flow, for its whole life
	State     string
	Title     string
	Record    field.Record
	Documents []Document
	Parties   []Party // named for roles
	Clocks    []Clock
	Opened    int64
	At        int64 // of the last step
	Ended     int64 // 0 while it runs
	Revision  int64 // from 1
}

// Party is an organisation, or one person in it, that a case names for a role.
type Party struct {
	Role   string    `json:"role"`
	Org    uuid.UUID `json:"org" format:"uuid"`
	Person uuid.UUID `json:"person,omitzero" format:"uuid" doc:"Absent: everybody of the organisation who may"`
}

// Document is a paper that a case carries. The store of documents keeps its content.
type Document struct {
	Kind     string `json:"kind"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Media    string `json:"media,omitempty"`
	Size     int64  `json:"size,string"`
	Revision int64  `json:"revision" doc:"The step with which it came"`
}

// Step is one entry of a case's history.
type Step struct {
	Case         uuid.UUID
	Revision     int64
	Transition   string // "" where people were named for a role
	Action       string
	From, To     string
	Role         string    // in which it was done
	Org          uuid.UUID // and for which organisation
	By           audit.Actor
	Reason       string
	Content      field.Record // what was filled in
	Documents    []Document
	Named        []Party
	Deadline     string // that took the step by itself
	Confidential bool
	At           int64
}

// named are the parties of a role.
func (c *Case) named(role string) (out []Party) {
	for _, p := range c.Parties {
		if p.Role == role {
			out = append(out, p)
		}
	}
	return out
}

// players of a role: who is named for it, or else the organisation where its people are. Where nobody is named for a role that
// has to be assigned, its work lies with the owner, who has to name somebody.
func (c *Case) players(r *Role) []Party {
	if named := c.named(r.ID); len(named) > 0 {
		return named
	}
	if r.Of == Subject && c.Subject != uuid.Nil {
		return []Party{{Role: r.ID, Org: c.Subject}}
	}
	return []Party{{Role: r.ID, Org: c.Org}}
}

func (c *Case) clock(deadline string) *Clock {
	for i := range c.Clocks {
		if c.Clocks[i].Deadline == deadline {
			return &c.Clocks[i]
		}
	}
	return nil
}

// title is by what people know a case.
func (f *Flow) title(r field.Record) string {
	var out []string
	for _, key := range f.Title {
		if v, ok := r[key]; ok {
			out = append(out, f.Fields.Field(key).Cell(v, "zh"))
		}
	}
	return strings.Join(out, " · ")
}

// same is by what a case is told from others of its subject: its own id where the flow asks for nothing, or once it frees them.
func (f *Flow) same(c *Case) string {
	if s := f.state(c.State); len(f.Unique) == 0 || s.Frees {
		return c.ID.String()
	}
	values := field.Record{}
	for _, key := range f.Unique {
		v := c.Record[key]
		if s, ok := v.(string); ok { // 项目 A and 项目A are one
			v = strings.ToLower(strings.Join(strings.Fields(s), ""))
		}
		values[key] = v
	}
	sum := sha256.Sum256(append([]byte(c.Subject.String()), values.Encode()...))
	return hex.EncodeToString(sum[:])
}

// Task is something that waits for somebody: a deadline that runs, or a turn without one.
type Task struct {
	Case     uuid.UUID
	Org      uuid.UUID // who has to act
	Role     string
	Person   uuid.UUID // zero: anybody of the organisation who may
	Deadline string    // "" where none runs
	Due      int64     // store.Forever where none runs
	Overdue  bool
}

// tasks of a case as it stands.
func (f *Flow) tasks(c *Case) (out []Task) {
	timed := map[string]bool{}
	add := func(role, deadline string, due int64) {
		for _, p := range c.players(f.role(role)) {
			out = append(out, Task{Case: c.ID, Org: p.Org, Role: role, Person: p.Person, Deadline: deadline, Due: due})
		}
	}
	for i := range c.Clocks {
		k := &c.Clocks[i]
		d := f.deadline(k.Deadline)
		if k.Stopped != 0 {
			continue
		}
		add(d.Role, d.ID, k.Due)
		timed[d.Role] = true
		if e := d.Passes.Escalate; e != "" && e != d.Role && k.Passed != 0 {
			add(e, d.ID, k.Due)
			timed[e] = true
		}
	}
	for _, role := range f.state(c.State).Awaits {
		if !timed[role] {
			add(role, "", store.Forever)
		}
	}
	return out
}

// NoticeKind says why somebody gets a message.
type NoticeKind string

// The kinds.
const (
	NoticeTurn      NoticeKind = "turn"      // it is their turn
	NoticeStep      NoticeKind = "step"      // a step was taken that they want to know of
	NoticeNamed     NoticeKind = "named"     // they were named for a role
	NoticeReminder  NoticeKind = "reminder"  // a deadline comes near
	NoticeOverdue   NoticeKind = "overdue"   // it has passed
	NoticeEscalated NoticeKind = "escalated" // it has passed for others, and is theirs too now
)

// Notice is a message to be given to somebody, once.
type Notice struct {
	ID       uuid.UUID  `json:"id"` // the same if it should ever be made again
	Kind     NoticeKind `json:"kind"`
	Case     uuid.UUID  `json:"case"`
	Owner    uuid.UUID  `json:"owner"` // who keeps the case
	Flow     string     `json:"flow"`
	Title    string     `json:"title"`
	State    string     `json:"state"`
	Role     string     `json:"role"`
	Org      uuid.UUID  `json:"org"` // to whom
	Person   uuid.UUID  `json:"person"`
	Deadline string     `json:"deadline,omitempty"`
	Due      int64      `json:"due,omitempty"` // ns since 1970; 0 where there is none
	At       int64      `json:"at"`
	Text     text.Text  `json:"text"`
}

// notices tell the players of a role. round makes those of different occasions differ.
func (f *Flow) notices(c *Case, kind NoticeKind, role, deadline, round string, at int64, words text.Text) (out []Notice) {
	for _, p := range c.players(f.role(role)) {
		n := Notice{Kind: kind, Case: c.ID, Owner: c.Org, Flow: c.Flow, Title: c.Title, State: c.State, Role: role, Org: p.Org, Person: p.Person, Deadline: deadline, At: at, Text: words}
		if k := c.clock(deadline); k != nil {
			n.Due = k.Due
		}
		n.ID = uuid.NewSHA1(c.ID, []byte(strings.Join([]string{string(kind), role, p.Org.String(), p.Person.String(), deadline, round}, "|")))
		out = append(out, n)
	}
	return out
}

// about names a case in a message.
func (f *Flow) about(c *Case) text.Text {
	title := c.Title
	if title == "" {
		title = c.ID.String()
	}
	return text.Text{Zh: f.Case.In("zh") + "“" + title + "”", En: f.Case.In("en") + " “" + title + "”"}
}

// Bounds of a reason, in characters.
const (
	minReason = 3
	maxReason = 2000
)

func checkReason(reason string) *problem.Error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason || !utf8.ValidString(reason) {
		return ErrReason.At("body.reason", reason).With("min", minReason).With("max", maxReason)
	}
	return nil
}

// hour shows an instant as people in China read it; the end of a day is its 24:00.
func hour(at int64) string {
	if t := timeOf(at); t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		return field.DateOf(at-1) + " 24:00"
	}
	return timeOf(at).Format("2006-01-02 15:04")
}

func (c *Case) String() string { return fmt.Sprintf("%s %s r%d %s", c.Flow, c.ID, c.Revision, c.State) }
