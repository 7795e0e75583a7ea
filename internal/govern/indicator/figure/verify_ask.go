package figure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/kernel/auth"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

// packChunk is how much of a pack one answer brings; packOverLink bounds a pack that is asked for, in bytes.
const (
	packChunk    = 600 << 10
	packOverLink = 64 << 20
	packsKept    = 16 // as many as one node asks for at a time
	packsFor     = 10 * time.Minute
)

// provedPiece is a piece of a pack.
type provedPiece struct {
	Size   int64  `json:"size"`
	Hash   string `json:"hash"`
	Offset int64  `json:"offset"`
	Bytes  []byte `json:"bytes"`
}

// packMemory keeps packs while they are fetched piece by piece.
type packMemory struct {
	mu   sync.Mutex
	list []keptPack // the newest last
}

type keptPack struct {
	agreement uuid.UUID
	question  string
	until     time.Time
	bytes     []byte
}

func (m *packMemory) get(agreement uuid.UUID, q string, now time.Time) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.list {
		if k.agreement == agreement && k.question == q && now.Before(k.until) {
			return k.bytes
		}
	}
	return nil
}

func (m *packMemory) put(k keptPack, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = slices.DeleteFunc(m.list, func(x keptPack) bool {
		return !now.Before(x.until) || x.agreement == k.agreement && x.question == k.question
	})
	if len(m.list) >= packsKept {
		m.list = slices.Delete(m.list, 0, 1)
	}
	m.list = append(m.list, k)
}

// fetch asks the giver of an agreement for a pack, piece by piece.
func (x *Explainer) fetch(ctx context.Context, a *org.Agreement, q question) ([]byte, error) {
	var out []byte
	for hash := ""; ; {
		var piece provedPiece
		q.Offset = int64(len(out))
		if err := x.ask(ctx, a, AskProve, q, &piece); err != nil {
			return nil, err
		}
		if piece.Size > packOverLink {
			return nil, ErrTooLarge.With("max", packOverLink>>20)
		}
		if piece.Offset != q.Offset || len(piece.Bytes) == 0 || int64(len(out)+len(piece.Bytes)) > piece.Size || hash != "" && piece.Hash != hash {
			return nil, fmt.Errorf("piece %d of the pack of %s does not go on from the one before: %w", q.Offset, a.Giver.Name.En, ErrQuestion)
		}
		hash, out = piece.Hash, append(out, piece.Bytes...)
		if int64(len(out)) == piece.Size {
			if Sum(out).String() != hash {
				return nil, fmt.Errorf("the pack of %s is not what it says: %w", a.Giver.Name.En, ErrQuestion)
			}
			return out, nil
		}
	}
}

// AnswerProve answers a question of the taker of an agreement with a piece of a pack (neighbour.Handler).
func (x *Explainer) AnswerProve(ctx context.Context, a *org.Agreement, body json.RawMessage) (any, error) {
	q, k, depth, err := x.asked(a, body)
	if err == nil {
		err = x.need(a, depth, org.LevelInputs)
	}
	if err != nil {
		return nil, err
	}
	if len(q.Via) > 0 || q.Grade < GradeProved || q.Grade > GradeRecomputed || q.Offset < 0 || q.Revision < 0 {
		return nil, ErrQuestion
	}
	offset := q.Offset
	q.Offset = 0
	same, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	now := x.s.o.Now()
	pack := x.packs.get(a.ID, string(same), now)
	if pack == nil || offset == 0 { // a new question gets a new answer
		if pack, err = x.proved(auth.AsSystem(ctx, "figures"), a, k, q, depth); err != nil {
			return nil, damaged(err)
		}
		if len(pack) > packOverLink {
			return nil, ErrTooLarge.With("max", packOverLink>>20)
		}
		x.packs.put(keptPack{a.ID, string(same), now.Add(packsFor), pack}, now)
	}
	if offset >= int64(len(pack)) {
		return nil, ErrQuestion
	}
	return provedPiece{int64(len(pack)), Sum(pack).String(), offset, pack[offset:min(offset+packChunk, int64(len(pack)))]}, nil
}

func (x *Explainer) proved(ctx context.Context, a *org.Agreement, k Key, q question, depth string) ([]byte, error) {
	if a.Detail == org.DetailEnterprise {
		if q.Code != a.Giver.CreditCode {
			return nil, store.ErrNotFound
		}
		k.Filter = All
		return x.prover(k.Of(q.Code), q.Grade, true, depth).enterprise(ctx, a.Giver.Org, k.Of(q.Code))
	}
	var f *Figure
	var err error
	if q.Revision > 0 {
		f, err = x.s.store.Revision(ctx, x.s.o.DB, k.ID(), q.Revision)
	} else {
		f, err = x.s.store.Figure(ctx, x.s.o.DB, k.ID(), q.AsOf)
	}
	if err != nil {
		return nil, err
	}
	return x.prover(f.Key, q.Grade, true, depth).figure(ctx, f)
}

// cameIn is what has come under an agreement.
type cameIn struct {
	accounts     map[string][]cameRecord // by name
	observations map[string][]cameRecord
	proofs       []*TellProof
}

type cameRecord struct {
	pieces [][]byte
	record Record
}

// readMost bounds how many records of one agreement are looked through.
const readMost = 2_000_000

// came reads what has come under an agreement, from the beginning.
func (x *Explainer) came(ctx context.Context, a *org.Agreement) (*cameIn, error) {
	in := &cameIn{accounts: map[string][]cameRecord{}, observations: map[string][]cameRecord{}}
	if x.o.Streams == nil {
		return in, nil
	}
	epoch, last, err := x.o.Streams.Stands(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var raw [][]byte
	var pieces []*TellPiece
	for after := uint64(0); after < last && after < readMost; {
		list, err := x.o.Streams.Incoming(ctx, a.ID, epoch, after, readMostRecords)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			break
		}
		for _, r := range list {
			after = r.Seq
			record, err := DecodeRecord(r.Bytes)
			if err != nil {
				raw, pieces = nil, nil
				continue // it was left out when it came
			}
			raw = append(raw, r.Bytes)
			if piece, ok := record.(*TellPiece); ok {
				if pieces = append(pieces, piece); len(pieces) < piece.Of {
					continue
				}
				whole, err := whole(pieces)
				if err == nil {
					record, err = DecodeRecord(whole)
				}
				if err != nil {
					raw, pieces = nil, nil
					continue
				}
			}
			in.put(cameRecord{raw, record})
			raw, pieces = nil, nil
		}
	}
	return in, nil
}

func (in *cameIn) put(r cameRecord) {
	switch v := r.record.(type) {
	case *TellAccount:
		in.accounts[v.Key.Name()] = append(in.accounts[v.Key.Name()], r)
	case *TellObservation:
		in.observations[v.Key.Name()] = append(in.observations[v.Key.Name()], r)
	case *TellProof:
		in.proofs = append(in.proofs, v)
	}
}

// account is the record that has delivered an account, the newest that says the same, and the giver's proof of it; nil where there is none.
func (in *cameIn) account(f *Figure) ([][]byte, *TellProof, *TellAccount) {
	list := in.accounts[f.Key.Name()]
	for i := len(list) - 1; i >= 0; i-- {
		if t := list[i].record.(*TellAccount); deliveredBy(f, t) {
			return list[i].pieces, in.proof(list[i].pieces), t
		}
	}
	return nil, nil, nil
}

// deliveredBy tells whether a figure is what a record delivered.
func deliveredBy(f *Figure, t *TellAccount) bool {
	k := f.Key
	k.Keeper = uuid.Nil
	return k == t.Key && f.Definition == t.Definition && f.Population == t.Population && f.Watermark == t.Watermark && string(f.Account) == string(t.Account)
}

func (in *cameIn) observation(k Key, observation []byte) ([]byte, *TellProof) {
	k.Keeper = uuid.Nil
	list := in.observations[k.Name()]
	for i := len(list) - 1; i >= 0; i-- {
		if t := list[i].record.(*TellObservation); string(t.Observation) == string(observation) && len(list[i].pieces) == 1 {
			return list[i].pieces[0], in.proof(list[i].pieces)
		}
	}
	return nil, nil
}

// proof is the giver's proof of records; nil where none has come yet.
func (in *cameIn) proof(records [][]byte) *TellProof {
	for i := len(in.proofs) - 1; i >= 0; i-- {
		if in.proofs[i].opens(records) == nil {
			return in.proofs[i]
		}
	}
	return nil
}

var errUnopened = errors.New("the giver's proof does not open them")

// opens tells whether records are among the items that a proof opens.
func (x *TellProof) opens(records [][]byte) error {
	for _, r := range records {
		item := Sum(r)
		if !slices.ContainsFunc(x.Own, func(o Own) bool { return o.Place < len(x.Items) && Blind(o.Salt, item) == x.Items[o.Place] }) {
			return errUnopened
		}
	}
	return nil
}
