package neighbour

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/store"
)

//go:embed migrations
var migrations embed.FS

type peerRow struct {
	bun.BaseModel `bun:"table:neighbour_peer,alias:p"`

	Node     uuid.UUID `bun:"node,pk"`
	Way      Way       `bun:"way,pk"`
	Name     string
	Org      string
	Evidence string
	Software string
	Joined   int64
	Seen     int64
	NotAfter int64
	Told     int64
	Heard    int64
	Removed  int64
}

func (r *peerRow) home() *PeerOrg {
	var o PeerOrg
	if r.Org == "" || json.Unmarshal([]byte(r.Org), &o) != nil {
		return nil
	}
	return &o
}

type codeRow struct {
	bun.BaseModel `bun:"table:neighbour_code,alias:c"`

	ID      uuid.UUID `bun:"id,pk"`
	Name    string
	Node    string
	Hash    string
	Created int64
	Expires int64
	Used    int64
	Request string
}

type refusedRow struct {
	bun.BaseModel `bun:"table:neighbour_refused,alias:x"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Code      string
	Reason    string
	At        int64
}

type outRow struct {
	bun.BaseModel `bun:"table:neighbour_out,alias:o"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Peer      uuid.UUID
	Epoch     int64
	Last      int64
	Acked     int64
	Announced int64
	Agreed    int64
	Pruned    int64
	Moved     int64
	Closed    int64
	ForkSeq   int64
	ForkHeld  string
	ForkCame  string
	ForkAt    int64
}

type inRow struct {
	bun.BaseModel `bun:"table:neighbour_in,alias:i"`

	Agreement uuid.UUID `bun:"agreement,pk"`
	Peer      uuid.UUID
	Epoch     int64
	Last      int64
	Moved     int64
	Closed    int64
	Checked   int64
	Deep      int64
	Repaired  int64
	ForkSeq   int64
	ForkHeld  string
	ForkCame  string
	ForkAt    int64
}

func state(closed, fork, last int64) StreamState {
	switch {
	case closed != 0:
		return StreamClosed
	case fork != 0:
		return StreamForked
	case last == 0:
		return StreamNone
	}
	return StreamOpen
}

func fork(epoch, seq int64, held, came string, at int64) *Fork {
	if seq == 0 {
		return nil
	}
	return &Fork{Epoch: uint64(epoch), Seq: uint64(seq), Held: held, Came: came, At: at}
}

func (r *outRow) stream() Stream {
	return Stream{Agreement: r.Agreement, Side: org.Giver, Peer: r.Peer, State: state(r.Closed, r.ForkSeq, r.Last), Epoch: uint64(r.Epoch), Last: uint64(r.Last),
		Acked: uint64(r.Acked), Moved: r.Moved, Fork: fork(r.Epoch, r.ForkSeq, r.ForkHeld, r.ForkCame, r.ForkAt)}
}

func (r *inRow) stream() Stream {
	return Stream{Agreement: r.Agreement, Side: org.Taker, Peer: r.Peer, State: state(r.Closed, r.ForkSeq, r.Last), Epoch: uint64(r.Epoch), Last: uint64(r.Last),
		Acked: uint64(r.Last), Checked: r.Checked, Repaired: r.Repaired, Moved: r.Moved, Fork: fork(r.Epoch, r.ForkSeq, r.ForkHeld, r.ForkCame, r.ForkAt)}
}

// recordRow is a row of either table of records.
type recordRow struct {
	Agreement uuid.UUID `bun:"agreement,pk"`
	Epoch     int64     `bun:"epoch,pk"`
	Seq       int64     `bun:"seq,pk"`
	Hash      []byte
	Size      int64
	Bytes     []byte
}

type outRecord struct {
	bun.BaseModel `bun:"table:neighbour_out_record,alias:r"`
	recordRow
}

type inRecord struct {
	bun.BaseModel `bun:"table:neighbour_in_record,alias:r"`
	recordRow
}

type asideRow struct {
	bun.BaseModel `bun:"table:neighbour_aside,alias:d"`

	ID        uuid.UUID `bun:"id,pk"`
	Agreement uuid.UUID
	Epoch     int64
	Seq       int64
	At        int64
	Why       string
	Held      string
	Bytes     []byte
}

type questionRow struct {
	bun.BaseModel `bun:"table:neighbour_question,alias:q"`

	ID        uuid.UUID `bun:"id,pk"`
	Agreement uuid.UUID
	Side      org.Side
	Verb      string
	Who       string
	Body      string
	At        int64
	Took      int64
	Outcome   string
	Bytes     int64
}

func (r *questionRow) question() Question {
	return Question{ID: r.ID, Agreement: r.Agreement, Side: r.Side, Verb: r.Verb, Who: r.Who, Body: r.Body, At: r.At, Took: time.Duration(r.Took), Outcome: r.Outcome, Bytes: int(r.Bytes)}
}

func findOut(ctx context.Context, db bun.IDB, agreement uuid.UUID) (r outRow, ok bool, err error) {
	err = store.Err(db.NewSelect().Model(&r).Where("o.agreement = ?", agreement).Scan(ctx))
	return r, err == nil, absent(err)
}

func findIn(ctx context.Context, db bun.IDB, agreement uuid.UUID) (r inRow, ok bool, err error) {
	err = store.Err(db.NewSelect().Model(&r).Where("i.agreement = ?", agreement).Scan(ctx))
	return r, err == nil, absent(err)
}

func absent(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// hashesOf reads the stored hashes of records first to last from a table of records; one that is missing is zero.
func hashesOf(ctx context.Context, db bun.IDB, table string, agreement uuid.UUID, epoch, first, last uint64) ([][32]byte, error) {
	out := make([][32]byte, last-first+1)
	for at := first; at <= last; at += hashesAtOnce {
		var rows []struct {
			Seq  int64
			Hash []byte
		}
		err := db.NewSelect().TableExpr("?", bun.Ident(table)).Column("seq", "hash").
			Where("agreement = ? AND epoch = ? AND seq BETWEEN ? AND ?", agreement.String(), int64(epoch), int64(at), int64(min(last, at+hashesAtOnce-1))).Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("read the hashes of records: %w", store.Err(err))
		}
		for _, r := range rows {
			copy(out[uint64(r.Seq)-first][:], r.Hash)
		}
	}
	return out, nil
}

const hashesAtOnce = 8192

// rangeHash is the hash of the range first to last, of which read gives the records' hashes piece by piece.
func rangeHash(first, last uint64, read func(first, last uint64) ([][32]byte, error)) (sum [32]byte, err error) {
	h := sha256.New()
	for ; first <= last; first += hashesAtOnce {
		hashes, err := read(first, min(last, first+hashesAtOnce-1))
		if err != nil {
			return sum, err
		}
		for i := range hashes {
			h.Write(hashes[i][:])
		}
	}
	return [32]byte(h.Sum(nil)), nil
}
