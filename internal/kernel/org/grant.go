package org

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/store"
	"jingwei/internal/kernel/text"
)

// Grant lets another organisation, or one person of it, read things of the giver's for a purpose and a time. It gives no role and
// no other verb, it cannot be handed on, and the giver ends it whenever it likes: it then counts no more from the next request on.
type Grant struct {
	ID      uuid.UUID
	From    uuid.UUID // the giver
	To      uuid.UUID // the taker
	Person  uuid.UUID // of the taker's people the one who may read; zero for all who read there
	Purpose string    // of Purposes
	Words   string    // the purpose in the giver's words
	Kind    string    // of thing, such as "fact" or "register"; rooms say which there are
	Subject string    // which of that kind, such as "contract"
	Fields  []string  // nil: all that are not restricted; a restricted one must be named
	Span              // [From, To) in ns; its end is required
	Basis   string    // the document that it rests on
	Given   int64
	GivenBy string
	Ended   int64 // 0 while it stands
	EndedBy string
	Reason  string // of the end
}

// Stands tells whether a grant counts at a time.
func (g *Grant) Stands(at int64) bool { return g.Ended == 0 && g.At(at) }

// Purpose is why somebody may read.
type Purpose struct {
	ID   string
	Name text.Text
}

// Purposes that a grant may have.
var Purposes = []Purpose{
	{"credit", text.Text{Zh: "授信与贷后管理", En: "Credit and its follow-up"}},
	{"insurance", text.Text{Zh: "保险", En: "Insurance"}},
	{"programme", text.Text{Zh: "项目申报与验收", En: "Applying for a programme, and acceptance"}},
	{"statistics", text.Text{Zh: "统计与监测", En: "Statistics"}},
	{"chain", text.Text{Zh: "供应链协同", En: "Working together along a supply chain"}},
	{"service", text.Text{Zh: "诊断与改造服务", En: "Consulting and upgrading"}},
	{"supervision", text.Text{Zh: "监督检查", En: "Supervision"}},
	{"research", text.Text{Zh: "研究", En: "Research"}},
	{"other", text.Text{Zh: "其他", En: "Other"}},
}

// Bounds of a grant.
const (
	MaxGrant       = 3 * 366 * 24 * time.Hour // the longest time that one is given for
	maxGrantWords  = 500                      // characters
	minGrantWords  = 3
	maxGrantBasis  = 300
	maxGrantFields = 200
	maxGrants      = 1000 // that stand, of one giver
	maxReaders     = 200  // that are told apart on one day
)

// What a caller may act on.
var (
	ErrPurpose     = problem.Define("grant-purpose", 422)    // purposes
	ErrGrantWords  = problem.Define("grant-words", 422)      // min, max
	ErrGrantSpan   = problem.Define("grant-span", 422)       // days
	ErrGrantSelf   = problem.Define("grant-self", 422)       //
	ErrGrantTaker  = problem.Define("grant-taker", 422)      //
	ErrGrantThing  = problem.Define("grant-thing", 422)      // things
	ErrGrantFields = problem.Define("grant-fields", 422)     // fields
	ErrGrantBasis  = problem.Define("grant-basis", 422)      // max
	ErrGrantMany   = problem.Define("grant-too-many", 409)   // max
	ErrGrantEnded  = problem.Define("grant-ended", 409)      // at
	ErrGrantReason = problem.Define("grant-end-reason", 422) // min, max
	errGrants      = []*problem.Kind{ErrPurpose, ErrGrantWords, ErrGrantSpan, ErrGrantSelf, ErrGrantTaker, ErrGrantThing, ErrGrantFields, ErrGrantBasis, ErrGrantMany, ErrGrantEnded, ErrGrantReason}
)

func clean(s string, least, most int) (string, bool) {
	s = strings.TrimSpace(s)
	n := utf8.RuneCountInString(s)
	return s, n >= least && n <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f })
}

// check brings a grant that is to be given into its form. now is when it is given; a zero beginning is now.
func (g *Grant) check(now int64) error {
	var ok bool
	if !slices.ContainsFunc(Purposes, func(p Purpose) bool { return p.ID == g.Purpose }) {
		var ids []string
		for _, p := range Purposes {
			ids = append(ids, p.ID)
		}
		return ErrPurpose.At("body.purpose", g.Purpose).With("purposes", strings.Join(ids, ", "))
	}
	if g.Words, ok = clean(g.Words, minGrantWords, maxGrantWords); !ok {
		return ErrGrantWords.At("body.words", "").With("min", minGrantWords).With("max", maxGrantWords)
	}
	if g.Basis, ok = clean(g.Basis, 0, maxGrantBasis); !ok {
		return ErrGrantBasis.At("body.basis", "").With("max", maxGrantBasis)
	}
	if g.Span.From == 0 {
		g.Span.From = now
	}
	if g.Span.To <= now || g.Span.To <= g.Span.From || g.Span.From < now-int64(24*time.Hour) || g.Span.To == store.Forever || g.Span.To-g.Span.From > int64(MaxGrant) {
		return ErrGrantSpan.At("body.until", time.Unix(0, g.Span.To).UTC().Format(time.RFC3339)).With("days", int(MaxGrant.Hours()/24))
	}
	if g.From == g.To {
		return ErrGrantSelf.At("body.to", g.To)
	}
	if g.Fields != nil {
		if len(g.Fields) == 0 || len(g.Fields) > maxGrantFields {
			return ErrGrantFields.At("body.fields", fmt.Sprint(len(g.Fields))).With("fields", fmt.Sprintf("1 … %d", maxGrantFields))
		}
		g.Fields = slices.Compact(slices.Sorted(slices.Values(g.Fields)))
	}
	return nil
}

// GrantReads is who looked on one day, through one grant.
type GrantReads struct {
	Day    string // UTC+8
	Reader string // id of the person or token; "" for all further ones of a busy day
	Name   string
	Reads  int64 // requests
	Things int64 // that were shown
	Last   int64
}
