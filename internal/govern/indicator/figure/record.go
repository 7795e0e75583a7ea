package figure

import (
	"fmt"
	"strings"

	"jingwei/internal/govern/indicator"
)

// Kinds of records in the stream of an agreement: the first byte of each. The second is its format.
const (
	recordPiece       = 1
	recordPopulation  = 2
	recordAccount     = 3
	recordEnterprise  = 4
	recordObservation = 5
	recordProof       = 7
	recordSeal        = 8
)

const recordFormat = 1

// maxPiece bounds a piece in bytes: a record holds at most 256 KiB.
const maxPiece = 200 << 10

// TellPiece is a piece of a record that is too long for one; the pieces of one record follow each other. Together they are its bytes,
// packed.
type TellPiece struct {
	Hash      Hash // of the record
	Piece, Of int  // from 0
	Bytes     []byte
}

// TellPopulation is who the accounts behind it are of.
type TellPopulation struct{ *Population }

// TellAccount is a figure as it is told: its account where enough enterprises are in it.
type TellAccount struct {
	Key        Key // without the keeper
	Revision   int64
	Commit     int64 // of the giver
	Watermark  int64
	Definition Hash
	Population Hash
	Account    []byte
}

// TellEnterprise is who gives observations.
type TellEnterprise struct {
	indicator.Enterprise
}

// TellObservation is an enterprise's observation.
type TellObservation struct {
	Key         Key // with the code, without the keeper
	Commit      int64
	Definition  Hash
	Observation []byte // empty where it was withdrawn
}

// Record is one of the Tell types, or nil for a kind that a later program writes.
type Record any

// EncodeRecord gives the canonical bytes of a record.
func EncodeRecord(v Record) []byte {
	w := &wire{}
	head := func(kind byte) {
		w.byte(kind)
		w.byte(recordFormat)
	}
	switch x := v.(type) {
	case *TellPopulation:
		head(recordPopulation)
		w.bytes(x.Encode())
	case *TellPiece:
		head(recordPiece)
		w.hash(x.Hash)
		w.count(x.Piece)
		w.count(x.Of)
		w.bytes(x.Bytes)
	case *TellAccount:
		head(recordAccount)
		w.text(x.Key.Name())
		w.number(x.Revision)
		w.number(x.Commit)
		w.number(x.Watermark)
		w.hash(x.Definition)
		w.hash(x.Population)
		w.bytes(x.Account)
	case *TellEnterprise:
		head(recordEnterprise)
		w.member(&x.Enterprise)
	case *TellObservation:
		head(recordObservation)
		w.text(x.Key.Name())
		w.number(x.Commit)
		w.hash(x.Definition)
		w.bytes(x.Observation)
	case *TellProof:
		head(recordProof)
		x.encode(w)
	case *TellSeal:
		head(recordSeal)
		x.encode(w)
	default:
		panic(fmt.Sprintf("%T is no record", v))
	}
	return w.b
}

// DecodeRecord reads what EncodeRecord has written and nothing else; nil for a kind that it does not know. Error: ErrBytes.
func DecodeRecord(b []byte) (Record, error) { return keys(nil).record(b) }

// keys are some that were read, without their enterprise: those of many records differ in nothing else.
type keys map[string]Key

// maxKeys bounds them.
const maxKeys = 10_000

// read is ParseKey for what must be spelt in the one way. Error: ErrKey.
func (x keys) read(s string) (Key, error) {
	name, code, single := strings.Cut(s, firm)
	if k, ok := x[name]; ok && single && isCode(code) {
		return k.Of(code), nil
	}
	k, err := ParseKey(s)
	if err != nil || k.Name() != s {
		return Key{}, ErrKey
	}
	if x != nil && single && len(x) < maxKeys {
		x[name] = k.Of("")
	}
	return k, nil
}

// record is DecodeRecord.
func (x keys) record(b []byte) (Record, error) {
	r := &unwire{b: b, keys: x}
	kind := r.byte("a record")
	if r.err == nil && (kind < recordPiece || kind > recordSeal) {
		return nil, nil
	}
	r.version(recordFormat, "a record")
	var out Record
	switch kind {
	case recordPopulation:
		p, err := DecodePopulation(r.bytes(maxPopulation, "a population"))
		if r.err == nil && err != nil {
			r.err = err
		}
		out = &TellPopulation{p}
	case recordPiece:
		x := &TellPiece{Hash: r.hash("a population"), Piece: r.count(maxPieces, "a piece"), Of: r.count(maxPieces, "pieces")}
		x.Bytes = r.bytes(maxPiece, "a piece")
		if r.err == nil && x.Piece >= x.Of {
			r.fail("piece %d of %d", x.Piece, x.Of)
		}
		out = x
	case recordAccount:
		x := &TellAccount{Key: r.key(), Revision: r.number("a revision"), Commit: r.number("a commit"), Watermark: r.number("a watermark"), Definition: r.hash("a definition"), Population: r.hash("a population")}
		x.Account = r.bytes(maxAccount, "an account")
		if r.err == nil && (x.Key.Code != "" || x.Revision < 1) {
			r.fail("the account %s, revision %d", x.Key, x.Revision)
		}
		out = x
	case recordEnterprise:
		out = &TellEnterprise{r.member()}
	case recordObservation:
		x := &TellObservation{Key: r.key(), Commit: r.number("a commit"), Definition: r.hash("a definition")}
		x.Observation = r.bytes(maxObservation, "an observation")
		if r.err == nil && (x.Key.Code == "" || x.Key.Filter != All) {
			r.fail("the observation %s", x.Key)
		}
		out = x
	case recordProof:
		x := &TellProof{}
		x.decode(r)
		out = x
	case recordSeal:
		x := &TellSeal{}
		x.decode(r)
		out = x
	default:
		r.fail("records of kind %d are not written any more", kind)
	}
	return out, r.end("a record")
}

// maxPieces bounds the pieces of a record.
const maxPieces = maxPopulation / maxPiece

// key reads a key that names no keeper.
func (r *unwire) key() Key {
	s := r.text(maxKey, "a key")
	if r.err != nil {
		return Key{}
	}
	k, err := r.keys.read(s)
	if err != nil {
		r.fail("the key %.100q", s)
	}
	return k
}

// Tell encodes records as a stream takes them: one that is too long in pieces.
func Tell(records ...Record) (out [][]byte) {
	for _, v := range records {
		b := EncodeRecord(v)
		if len(b) <= maxPiece {
			out = append(out, b)
			continue
		}
		packed := appendSized(b)
		n := (len(packed) + maxPiece - 1) / maxPiece
		for i := range n {
			out = append(out, EncodeRecord(&TellPiece{Sum(b), i, n, packed[i*maxPiece : min((i+1)*maxPiece, len(packed))]}))
		}
	}
	return out
}

// whole puts the pieces of a record together. Error: ErrBytes.
func whole(pieces []*TellPiece) ([]byte, error) {
	var packed []byte
	for _, p := range pieces {
		packed = append(packed, p.Bytes...)
	}
	b, err := takeSized(packed)
	if err == nil && Sum(b) != pieces[0].Hash {
		err = fmt.Errorf("%w: pieces do not make the record %s", ErrBytes, pieces[0].Hash)
	}
	return b, err
}

// told is a population as it goes to another node: who counts, by code, and nothing else of them.
func (p *Population) told() *Population {
	members := make([]indicator.Enterprise, len(p.Members))
	for i := range p.Members {
		members[i].Code = p.Members[i].Code
	}
	return &Population{Scope: p.Scope, Filter: p.Filter, Day: p.Day, Members: members, Doubles: p.Doubles, Unplaced: p.Unplaced}
}
