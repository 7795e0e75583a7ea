package figure

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"reflect"
	"slices"
)

// Figure is one revision of what an indicator came to.
type Figure struct {
	Key        Key
	Revision   int64  // from 1; the greatest stands
	Commit     int64  // when this node wrote it down, ns since 1970; never goes back
	Definition Hash   // of the definition's file
	Population Hash   // of the Population; zero for what is computed once for a region
	Account    []byte // indicator.Account; of what is computed for a region the indicator.Observation of its inputs
	Parts      []Part // what it was put together from, in the order in which they came first to their enterprises
	Watermark  int64  // greatest commit of its inputs, ns since 1970
}

// Part is one source of a figure's enterprises.
type Part struct {
	Source     string   // Local, Remote, or the id of the agreement by which an account was delivered
	Kind       string   // Rows or Account
	State      string   // Given, Undelivered, Isolated
	Reason     string   // Double: why it is isolated; "" else
	Codes      []string // that the reason is about, ascending, at most MaxNamed
	More       int      // of them that are not named
	Population Hash     // of an account
	Record     Hash     // SHA-256 of the record that delivered the account; zero for rows
	Members    int      // of the figure's population that it speaks for
	Known      int      // of these whose value is known
	At         int64    // when the newest of it was delivered, ns since 1970: how old it is; 0 where nothing was
}

// Local is the source of what this node observes itself.
const Local = "local"

// Kinds of parts.
const (
	Rows    = "rows"    // observations, enterprise by enterprise
	Account = "account" // of a population, which cannot be taken apart
)

// States of parts. Whether a source is linked at the moment is no part of a figure: the last known value stands, and At says how old it is.
const (
	Given       = "given"
	Undelivered = "not-delivered" // it has never said anything
	Isolated    = "isolated"      // it is left out, with a reason
)

// Double is why an account is left out that holds enterprises which another one speaks for already.
const Double = "double"

// MaxNamed bounds the codes that a part names.
const MaxNamed = 100

const (
	figureFormat = 1
	maxParts     = 5000
	maxWord      = 100
	maxAccount   = 64 << 20
)

var (
	partKinds  = []string{Rows, Account}
	partStates = []string{Given, Undelivered, Isolated}
)

// Encode gives the canonical bytes of a figure: docs/figures.md tells them field by field.
func (f *Figure) Encode() []byte {
	head, tail := f.around()
	return slices.Concat(head, f.Account, tail)
}

// around are the canonical bytes before the account, which may be long, and those behind it.
func (f *Figure) around() (head, tail []byte) {
	w := &wire{make([]byte, 0, 256)}
	w.byte(figureFormat)
	w.text(f.Key.String())
	w.number(f.Revision)
	w.number(f.Commit)
	w.number(f.Watermark)
	w.hash(f.Definition)
	w.hash(f.Population)
	w.count(len(f.Account))
	t := &wire{}
	t.parts(f.Parts)
	return w.b, t.b
}

func (w *wire) parts(list []Part) {
	w.count(len(list))
	for i := range list {
		p := &list[i]
		for _, s := range []string{p.Source, p.Kind, p.State, p.Reason} {
			w.text(s)
		}
		w.count(len(p.Codes))
		for _, c := range p.Codes {
			w.text(c)
		}
		w.count(p.More)
		w.hash(p.Population)
		w.hash(p.Record)
		w.count(p.Members)
		w.count(p.Known)
		w.number(p.At)
	}
}

// Hash is the SHA-256 of the canonical bytes.
func (f *Figure) Hash() Hash {
	head, tail := f.around()
	sum := sha256.New()
	sum.Write(head)
	sum.Write(f.Account)
	sum.Write(tail)
	return Hash(sum.Sum(nil))
}

// Same tells whether two revisions say the same: everything but their numbers, their commits and how old their inputs are is equal.
func (f *Figure) Same(g *Figure) bool {
	return f.Key == g.Key && f.Definition == g.Definition && f.Population == g.Population && bytes.Equal(f.Account, g.Account) &&
		slices.EqualFunc(f.Parts, g.Parts, func(x, y Part) bool {
			if !slices.Equal(x.Codes, y.Codes) {
				return false
			}
			x.Codes, y.Codes, y.At = nil, nil, x.At
			return reflect.DeepEqual(x, y)
		})
}

// DecodeFigure reads what Encode has written and nothing else. Error: ErrBytes.
func DecodeFigure(b []byte) (*Figure, error) {
	r := &unwire{b: b}
	r.version(figureFormat, "a figure")
	f := &Figure{}
	key := r.text(maxKey, "its key")
	f.Revision, f.Commit, f.Watermark = r.number("its revision"), r.number("its commit"), r.number("its watermark")
	f.Definition, f.Population = r.hash("its definition"), r.hash("its population")
	f.Account = r.bytes(maxAccount, "its account")
	f.Parts = r.parts()
	if err := r.end("a figure"); err != nil {
		return nil, err
	}
	var err error
	if f.Key, err = ParseKey(key); err != nil || f.Key.String() != key {
		return nil, fmt.Errorf("%w: its key is %.100q", ErrBytes, key)
	}
	if f.Revision < 1 {
		return nil, fmt.Errorf("%w: revision %d", ErrBytes, f.Revision)
	}
	return f, nil
}

func (r *unwire) parts() []Part {
	n := r.count(maxParts, "how many parts it has")
	list := make([]Part, 0, min(n, 64))
	for range n {
		p := Part{Source: r.text(maxWord, "a source"), Kind: r.text(maxWord, "a kind"), State: r.text(maxWord, "a state"), Reason: r.text(maxWord, "a reason")}
		for range r.count(MaxNamed, "how many codes it names") {
			p.Codes = append(p.Codes, r.text(maxCode, "a code"))
		}
		p.More = r.count(maxMembers, "how many codes it does not name")
		p.Population, p.Record = r.hash("a population"), r.hash("a record")
		p.Members, p.Known, p.At = r.count(maxMembers, "members"), r.count(maxMembers, "known members"), r.number("a time")
		if r.err == nil && (!slices.Contains(partKinds, p.Kind) || !slices.Contains(partStates, p.State) || !ascending(p.Codes) || p.Known > p.Members) {
			r.fail("a part of %.40q is %.20q, %.20q", p.Source, p.Kind, p.State)
		}
		if r.err != nil {
			return nil
		}
		list = append(list, p)
	}
	return list
}
