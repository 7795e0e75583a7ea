package register

import (
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/audit"
	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Entry is one entry at a revision.
type Entry struct {
	ID       uuid.UUID
	Org      uuid.UUID // who keeps it
	Register string
	Key      string
	Subject  uuid.UUID // the organisation that it is about; zero for none
	State    string
	Class    field.Class
	Since    int64 // when it holds: [Since, Until)
	Until    int64
	Record   field.Record
	Revision int64  // from 1
	Version  string // of the pack that it was checked against
	By       audit.Actor
	Reason   string
	At       int64
}

// Input is an entry as somebody gives it.
type Input struct {
	Content []byte // JSON
	State   string // "": the initial one
	Class   field.Class
	Since   string // the day since when it holds; "": ever
	Until   string // its last day; "": while it lasts

	record field.Record // read already, from a spreadsheet
}

// Bounds, in characters.
const (
	maxKey    = 200
	minReason = 3
	maxReason = 2000
)

var (
	nameSince = text.Text{Zh: "生效日期", En: "Effective from"}
	nameUntil = text.Text{Zh: "失效日期", En: "Effective to"}
	nameState = text.Text{Zh: "状态", En: "State"}
	nameClass = text.Text{Zh: "公开范围", En: "Classification"}
)

// span reads the dates of an input.
func (in *Input) span() (since, until int64, ok bool) {
	since, until, ok = field.Always, store.Forever, true
	if in.Since != "" {
		since, ok = field.Day(in.Since)
	}
	if in.Until != "" && ok {
		until, ok = field.NextDay(in.Until)
	}
	return since, until, ok && since < until
}

// checkDates tells what is wrong with the state, the class and the dates.
func (r *Register) checkDates(in *Input) (faults []*field.Fault) {
	bad := func(path string, name text.Text, value, code, zh, en, mendZh, mendEn string) {
		faults = append(faults, &field.Fault{Path: path, Name: name, Value: value, Code: code, Text: text.Text{Zh: zh, En: en}, Mend: text.Text{Zh: mendZh, En: mendEn}})
	}
	if _, _, ok := in.span(); !ok {
		bad("since", nameSince, in.Since+" – "+in.Until, "span", "不是日期，或结束早于开始", "is not a date, or ends before it begins", "请按 2026-05-01 填写生效和失效日期", "Write both dates as 2026-05-01, the first one first")
	}
	if in.State != "" && r.state(in.State) == nil {
		bad("state", nameState, in.State, "option", "没有这个状态", "there is no such state", "可用："+r.stateNames("zh"), "There are: "+r.stateNames("en"))
	}
	if in.Class != "" && in.Class != r.defaultClass() && in.Class.Narrower(r.defaultClass()) != in.Class || in.Class != "" && in.Class != field.Public && in.Class != field.Internal && in.Class != field.Restricted {
		bad("class", nameClass, string(in.Class), "option", "不是可用的公开范围", "is not a classification that this register allows", "可用 public（登记册公开时）、internal、restricted", "Use public (where the register is), internal or restricted")
	}
	return faults
}

func (r *Register) stateNames(lang string) string {
	out := make([]string, len(r.States))
	for i, s := range r.States {
		out[i] = s.ID + " (" + s.Name.In(lang) + ")"
	}
	return strings.Join(out, ", ")
}

// Calculation works a field out from the others, nil where that is not known. It must depend on nothing else.
type Calculation func(field.Record) any

// fill makes an entry's content of an input: read, checked, with what is worked out.
func (r *Register) fill(e *Entry, in *Input, calc map[string]Calculation) (faults []*field.Fault) {
	record := in.record
	if record == nil {
		if record, faults = r.Fields.Read(in.Content); len(faults) > 0 {
			return append(faults, r.checkDates(in)...)
		}
	}
	if faults = r.checkDates(in); len(faults) > 0 {
		return faults
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.Calc == "" {
			continue
		}
		delete(record, f.Key)
		if v := calc[f.Calc](record); v != nil {
			record[f.Key] = v
		}
	}
	e.Record, e.Key, e.Version = record, record[r.Key].(string), r.Version
	e.Since, e.Until, _ = in.span()
	if e.Class = in.Class; e.Class == "" {
		e.Class = r.defaultClass()
	}
	e.Subject = uuid.Nil
	if id, ok := record[r.Subject].(string); ok {
		e.Subject = store.ID(id)
	}
	return nil
}

// differs tells what of two states of an entry differs, apart from its state; none means that nothing changes.
func differs(a, b *Entry) []string {
	keys := field.Differences(a.Record, b.Record)
	if a.Since != b.Since {
		keys = append(keys, "since")
	}
	if a.Until != b.Until {
		keys = append(keys, "until")
	}
	if a.Class != b.Class {
		keys = append(keys, "class")
	}
	return keys
}

// move decides a transition.
func (r *Register) move(e *Entry, id, reason string) (*Transition, *problem.Error) {
	t := r.transition(id)
	if t == nil {
		var ids []string
		for _, t := range r.Transitions {
			ids = append(ids, t.ID)
		}
		return nil, ErrTransition.At("body.transition", id).With("transitions", strings.Join(ids, ", "))
	}
	for _, from := range t.From {
		if from == e.State {
			if t.Reason {
				return t, checkReason("body.reason", reason)
			}
			return t, nil
		}
	}
	name := text.Both(e.State)
	if s := r.state(e.State); s != nil {
		name = s.Name
	}
	return nil, ErrState.At("body.transition", id).With("state", name).With("transition", t.Name)
}

func checkReason(at, reason string) *problem.Error {
	if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n < minReason || n > maxReason {
		return ErrReason.At(at, reason).With("min", minReason).With("max", maxReason)
	}
	return nil
}
