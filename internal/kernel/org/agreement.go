package org

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"jingwei/internal/kernel/api/problem"
	"jingwei/internal/kernel/text"
)

// Party is one side of an agreement. It is known by its credit code, or by its id on its node where it has none.
type Party struct {
	Node       uuid.UUID
	Org        uuid.UUID // on that node; zero while the other node has not told it
	Name       text.Text // as its own node tells it
	CreditCode string
	Key        string // verifier of that node's evidence (C2SP vkey); "" on one's own node
}

// same tells whether two are the same party, whatever the one knows more of it.
func (p *Party) same(o *Party) bool { return p.Node == o.Node && p.identity() == o.identity() }

func (p *Party) identity() string {
	if p.CreditCode != "" {
		return p.CreditCode
	}
	return p.Org.String()
}

// Acceptance is one side's word for the terms of a version.
type Acceptance struct {
	By   string // who, as that side's node names them
	At   int64  // ns
	Hash string // of the terms, as Hash gives it
}

// Side is what a party is in an agreement.
type Side string

// The sides: figures go from the giver to the taker.
const (
	Giver Side = "giver"
	Taker Side = "taker"
)

// Other is the opposite side.
func (s Side) Other() Side {
	if s == Giver {
		return Taker
	}
	return Giver
}

// Agreement lets a taker have figures of a giver, on the same node or on another. Its terms are those of Version; a change of them is a
// new version, which both accept before it counts. Either side ends it at once.
type Agreement struct {
	ID      uuid.UUID
	Version int64  // of its terms, from 1
	Kind    string // of AgreementKinds: what the taker is to the giver
	Giver   Party
	Taker   Party
	Figures []string // indicators, each "id" or "id@filter" for a population; sorted
	Detail  string   // DetailAggregate or DetailEnterprise
	Drill   string   // how deep the taker may ask: LevelNone, LevelInputs, LevelFacts, LevelReadings
	Onward  string   // what the taker may pass on: LevelNone, LevelAggregate, LevelInputs, LevelFacts, LevelReadings
	Since   string   // day; periods that end before it are not told; "" for all
	Span             // [From, To) in ns; its end is required
	Purpose string   // of Purposes
	Words   string   // the purpose in words
	Basis   string   // the document that it rests on

	GiverAccepted *Acceptance
	TakerAccepted *Acceptance
	Epoch         uint64 // of its stream; 0 before there was one

	Created int64
	Ended   int64 // 0 while it stands
	EndedBy string
	EndedOn Side // who ended it
	Reason  string

	Proposed *Agreement // a newer version that only one side has accepted; nil when there is none
}

// What the taker is to the giver.
var AgreementKinds = []string{"parent", "chain-leader", "peer", "regulator", "bank"}

// Details: what an agreement tells of.
const (
	DetailAggregate  = "aggregate"  // accounts of populations
	DetailEnterprise = "enterprise" // each enterprise's inputs
)

// Levels of depth, from nothing to the readings of a machine.
const (
	LevelNone      = "none"
	LevelAggregate = "aggregate" // of Onward alone
	LevelInputs    = "inputs"
	LevelFacts     = "facts"
	LevelReadings  = "readings"
)

var levels = []string{LevelNone, LevelAggregate, LevelInputs, LevelFacts, LevelReadings}

// Level is how deep a word goes: greater is deeper; -1 for a word that is none.
func Level(word string) int { return slices.Index(levels, word) }

// Least is the shallower of two levels: what a hop may pass on of what it may ask.
func Least(a, b string) string {
	if Level(a) < Level(b) {
		return a
	}
	return b
}

// AgreementState follows from acceptances, span and end.
type AgreementState string

// The states.
const (
	AgreementRequested AgreementState = "requested" // the taker has accepted, the giver not
	AgreementOffered   AgreementState = "offered"   // the giver has, the taker not
	AgreementAgreed    AgreementState = "agreed"    // both have; its span has not begun
	AgreementActive    AgreementState = "active"    // both have, in its span
	AgreementExpired   AgreementState = "expired"
	AgreementEnded     AgreementState = "ended"
)

// State at a time (ns).
func (a *Agreement) State(at int64) AgreementState {
	switch hash := a.Hash(); {
	case a.Ended != 0:
		return AgreementEnded
	case at >= a.Span.To:
		return AgreementExpired
	case !a.GiverAccepted.of(hash):
		return AgreementRequested
	case !a.TakerAccepted.of(hash):
		return AgreementOffered
	case at < a.Span.From:
		return AgreementAgreed
	}
	return AgreementActive
}

// Both tells whether both sides have accepted these terms.
func (a *Agreement) Both() bool {
	hash := a.Hash()
	return a.GiverAccepted.of(hash) && a.TakerAccepted.of(hash)
}

func (c *Acceptance) of(hash string) bool { return c != nil && c.Hash == hash }

// Party is one of the two.
func (a *Agreement) Party(s Side) *Party {
	if s == Giver {
		return &a.Giver
	}
	return &a.Taker
}

// Accepted is one side's word.
func (a *Agreement) Accepted(s Side) *Acceptance {
	if s == Giver {
		return a.GiverAccepted
	}
	return a.TakerAccepted
}

// Hosted tells whether both sides are on one node: nothing travels.
func (a *Agreement) Hosted() bool { return a.Giver.Node == a.Taker.Node }

// Terms are the canonical bytes that both sides accept: "jingwei.agreement/1" and a line break, then for each member its name, a
// space, the number of bytes of its value, a line break, the value and a line break.
func (a *Agreement) Terms() []byte {
	b := []byte("jingwei.agreement/1\n")
	for _, m := range [][2]string{
		{"id", a.ID.String()}, {"version", fmt.Sprint(a.Version)}, {"kind", a.Kind},
		{"giver.node", a.Giver.Node.String()}, {"giver", a.Giver.identity()}, {"taker.node", a.Taker.Node.String()}, {"taker", a.Taker.identity()},
		{"figures", strings.Join(a.Figures, "\n")}, {"detail", a.Detail}, {"drill", a.Drill}, {"onward", a.Onward}, {"since", a.Since},
		{"from", fmt.Sprint(a.Span.From)}, {"to", fmt.Sprint(a.Span.To)}, {"purpose", a.Purpose}, {"words", a.Words}, {"basis", a.Basis},
	} {
		b = fmt.Appendf(b, "%s %d\n%s\n", m[0], len(m[1]), m[1])
	}
	return b
}

// Hash is the lower-case hexadecimal SHA-256 of Terms.
func (a *Agreement) Hash() string {
	sum := sha256.Sum256(a.Terms())
	return hex.EncodeToString(sum[:])
}

// Bounds of an agreement.
const (
	MaxAgreement  = 3 * 366 * 24 * time.Hour
	MaxFigures    = 500
	maxFigure     = 300   // bytes
	maxAgreements = 20000 // that stand, of one organisation in either role
)

// What a caller may act on.
var (
	ErrAgreementKind    = problem.Define("agreement-kind", 422)              // kinds
	ErrAgreementParty   = problem.Define("agreement-party", 422)             // reason
	ErrAgreementSelf    = problem.Define("agreement-self", 422)              //
	ErrAgreementFigures = problem.Define("agreement-figures", 422)           // max
	ErrAgreementWord    = problem.Define("agreement-word", 422)              // words
	ErrAgreementDrill   = problem.Define("agreement-drill", 422)             // deepest
	ErrAgreementOnward  = problem.Define("agreement-onward", 422)            // deepest
	ErrAgreementSince   = problem.Define("agreement-since", 422)             //
	ErrAgreementSpan    = problem.Define("agreement-span", 422)              // days
	ErrAgreementMany    = problem.Define("agreement-too-many", 409)          // max
	ErrAgreementEnded   = problem.Define("agreement-ended", 409)             // at
	ErrAgreementVersion = problem.Define("agreement-version", 409)           // version
	ErrAgreementNothing = problem.Define("agreement-nothing-to-accept", 409) //
	ErrAgreementSame    = problem.Define("agreement-unchanged", 409)         //
	ErrAgreementForged  = problem.Define("agreement-forged", 422)            // reason
	errAgreements       = []*problem.Kind{ErrAgreementKind, ErrAgreementParty, ErrAgreementSelf, ErrAgreementFigures, ErrAgreementWord, ErrAgreementDrill, ErrAgreementOnward,
		ErrAgreementSince, ErrAgreementSpan, ErrAgreementMany, ErrAgreementEnded, ErrAgreementVersion, ErrAgreementNothing, ErrAgreementSame, ErrAgreementForged}
)

var figureWord = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,99}(@[^\s@\x00-\x1f\x7f]+)?$`)

// Check brings terms into their form and tells what is wrong with them. now is when they are proposed; a zero beginning is now.
func (a *Agreement) Check(now int64) error {
	if a.Span.From == 0 {
		a.Span.From = now
	}
	if a.Span.To <= now || a.Span.From < now-int64(24*time.Hour) {
		return a.spanError()
	}
	return a.check()
}

func (a *Agreement) spanError() error {
	return ErrAgreementSpan.At("body.until", time.Unix(0, a.Span.To).UTC().Format(time.RFC3339)).With("days", int(MaxAgreement.Hours()/24))
}

// check is Check without the clock: also what came from the other node passes it.
func (a *Agreement) check() error {
	if !slices.Contains(AgreementKinds, a.Kind) {
		return ErrAgreementKind.At("body.kind", a.Kind).With("kinds", strings.Join(AgreementKinds, ", "))
	}
	for _, side := range []Side{Giver, Taker} {
		if err := a.Party(side).check("body." + string(side)); err != nil {
			return err
		}
	}
	if a.Giver.same(&a.Taker) || a.Giver.Node == a.Taker.Node && a.Giver.Org != uuid.Nil && a.Giver.Org == a.Taker.Org {
		return ErrAgreementSelf.At("body.taker", a.Taker.identity())
	}
	if err := a.checkDepth(); err != nil {
		return err
	}
	if a.Since != "" {
		if _, err := time.Parse(time.DateOnly, a.Since); err != nil {
			return ErrAgreementSince.At("body.since", a.Since)
		}
	}
	if a.Span.From <= 0 || a.Span.To <= a.Span.From || a.Span.To-a.Span.From > int64(MaxAgreement) {
		return a.spanError()
	}
	if !slices.ContainsFunc(Purposes, func(p Purpose) bool { return p.ID == a.Purpose }) {
		var ids []string
		for _, p := range Purposes {
			ids = append(ids, p.ID)
		}
		return ErrPurpose.At("body.purpose", a.Purpose).With("purposes", strings.Join(ids, ", "))
	}
	var ok bool
	if a.Words, ok = clean(a.Words, minGrantWords, maxGrantWords); !ok {
		return ErrGrantWords.At("body.words", "").With("min", minGrantWords).With("max", maxGrantWords)
	}
	if a.Basis, ok = clean(a.Basis, 0, maxGrantBasis); !ok {
		return ErrGrantBasis.At("body.basis", "").With("max", maxGrantBasis)
	}
	return nil
}

// checkDepth checks what is told, how deep may be asked, and what may be passed on.
func (a *Agreement) checkDepth() error {
	if len(a.Figures) == 0 || len(a.Figures) > MaxFigures {
		return ErrAgreementFigures.At("body.figures", fmt.Sprint(len(a.Figures))).With("max", MaxFigures)
	}
	a.Figures = slices.Compact(slices.Sorted(slices.Values(a.Figures)))
	for i, f := range a.Figures {
		id, filter, found := strings.Cut(f, "@")
		if len(f) > maxFigure || !utf8.ValidString(f) || !figureWord.MatchString(f) {
			return ErrAgreementFigures.At(fmt.Sprintf("body.figures[%d]", i), f).With("max", MaxFigures)
		}
		if found && filter == "all" { // the one spelling of everybody
			a.Figures[i] = id
		}
	}
	a.Figures = slices.Compact(slices.Sorted(slices.Values(a.Figures)))
	word := func(where, value string, words ...string) error {
		if slices.Contains(words, value) {
			return nil
		}
		return ErrAgreementWord.At(where, value).With("words", strings.Join(words, ", "))
	}
	if err := word("body.detail", a.Detail, DetailAggregate, DetailEnterprise); err != nil {
		return err
	}
	if err := word("body.drill", a.Drill, LevelNone, LevelInputs, LevelFacts, LevelReadings); err != nil {
		return err
	}
	if err := word("body.onward", a.Onward, levels...); err != nil {
		return err
	}
	deepest := Level(a.Drill)
	if a.Detail == DetailEnterprise {
		deepest = max(deepest, Level(LevelInputs))
	}
	if deepest = max(deepest, Level(LevelAggregate)); Level(a.Onward) > deepest {
		return ErrAgreementOnward.At("body.onward", a.Onward).With("deepest", levels[deepest])
	}
	return nil
}

func (p *Party) check(where string) error {
	wrong := func(zh, en string) error {
		return ErrAgreementParty.At(where, p.identity()).With("reason", text.Text{Zh: zh, En: en})
	}
	if p.Node == uuid.Nil {
		return wrong("未指明所在节点", "its node is missing")
	}
	if p.CreditCode != "" {
		code, fault := CreditCodeFault(p.CreditCode)
		if !fault.IsZero() {
			return ErrAgreementParty.At(where+".creditCode", p.CreditCode).With("reason", fault)
		}
		p.CreditCode = code
	} else if p.Org == uuid.Nil {
		return wrong("须给出统一社会信用代码或机构编号", "give its credit code or its id")
	}
	if len(p.Key) > 500 || !p.Name.IsZero() && p.Name.Check(MaxName) != nil {
		return wrong("名称或验签公钥过长", "its name or its key is too long")
	}
	return nil
}
